// Llama: full attention and a SwiGLU network; biases where the catalog lists them (attention_bias,
// mlp_bias).
#include "model/architecture.h"
#include "model/dense_layer.h"

namespace hlwq::model {
namespace {

std::vector<size_t> Windows(const checkpoint::ConfigReader&, size_t layers) {
  return std::vector<size_t>(layers, 0);
}

}  // namespace

const Architecture kLlama = {"llama", Windows, BindDenseLayer};

}  // namespace hlwq::model
