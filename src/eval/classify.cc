#include "eval/classify.h"

#include <string>
#include <vector>

#include "base/error.h"

namespace hlwq::eval {

checkpoint::Classified Classify(const checkpoint::Checkpoint& checkpoint) {
  std::vector<checkpoint::FoundTensor> found;
  for (const auto& entry : checkpoint.tensors) found.push_back({entry.name, entry.shape});
  try {
    return checkpoint::ClassifyTensors(checkpoint.config, found);
  } catch (const Error& error) {
    checkpoint::Classified classified;
    for (const auto& tensor : found) {
      classified.specs.push_back(checkpoint::GuessSpec(tensor.name, tensor.shape));
    }
    classified.notes.push_back(std::string("roles are guessed from names: ") + error.what());
    return classified;
  }
}

}  // namespace hlwq::eval
