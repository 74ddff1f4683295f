// Mistral: Llama whose layers all see a window of sliding_window tokens, unless that is null.
#include "model/architecture.h"
#include "model/decoder_layer.h"

namespace hlwq::model {
namespace {

std::vector<size_t> Windows(const checkpoint::ConfigReader& text, size_t layers) {
  const uint64_t window = text.OptionalSize("sliding_window", {1, uint64_t{1} << 30}).value_or(0);
  return std::vector<size_t>(layers, window);
}

}  // namespace

const Architecture kMistral = {"mistral", Windows, BindDecoderLayer};

}  // namespace hlwq::model
