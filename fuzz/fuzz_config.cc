// config.json: any bytes give a catalog within its bounds, nothing, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/catalog.h"

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const nlohmann::json config =
        ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
    if (const auto catalog = checkpoint::BuildCatalog(config)) CheckCatalog(config, *catalog);
  } catch (const Error&) {
  }
  return 0;
}
