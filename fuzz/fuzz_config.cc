// config.json: any bytes give a catalog within its bounds, nothing, or an Error; and the facts that a
// runtime wants, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/catalog.h"
#include "model/config.h"
#include "model/rope.h"

using namespace hlwq;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// What BuildCatalog promises of any list it returns.
void CheckCatalog(const nlohmann::json& config, const checkpoint::Catalog& catalog) {
  Require(catalog.tensors.size() <= checkpoint::kMaxCatalogTensors);
  uint64_t elements = 0;
  std::vector<checkpoint::FoundTensor> found;
  for (const checkpoint::TensorSpec& spec : catalog.tensors) {
    Require(!spec.name.empty() && spec.layer < catalog.num_layers);
    elements += ElementCount(spec.shape).value();
    if (spec.required) found.push_back({spec.name, spec.shape});
  }
  Require(elements <= checkpoint::kMaxCatalogElements);
  if (found.size() > 4096) return;
  // A checkpoint made by the list is recognised as such.
  Require(checkpoint::ClassifyTensors(config, found).specs.size() == found.size());
  const nlohmann::json cut = checkpoint::TruncateLayers(config, 1);
  Require(checkpoint::BuildCatalog(cut)->num_layers == 1);
}

// What a model needs of a config that ReadModelConfig takes.
void CheckModelConfig(const nlohmann::json& json) {
  const model::ModelConfig config = model::ReadModelConfig(json);
  for (size_t layer = 0; layer < config.sizes.layers.size(); ++layer) {
    Require(config.sizes.WindowOf(layer) == 0 || config.sizes.layers[layer].has_attention());
  }
  Require(config.rope.rotated % 2 == 0 && config.rope.rotated <= config.sizes.head_dim);
  const model::Rope rope(config.rope);
  std::vector<float> cosines(rope.pairs()), sines(rope.pairs());
  rope.Angles(1, 1, cosines, sines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const nlohmann::json config =
        ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
    if (const auto catalog = checkpoint::BuildCatalog(config)) CheckCatalog(config, *catalog);
    CheckModelConfig(config);
  } catch (const Error&) {
  }
  return 0;
}
