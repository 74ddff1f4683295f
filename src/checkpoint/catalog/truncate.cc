#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

void TruncateObject(nlohmann::json& object, size_t layers) {
  object["num_hidden_layers"] = layers;
  const auto types = object.find("layer_types");
  if (types != object.end() && types->is_array()) {
    types->erase(types->begin() + static_cast<std::ptrdiff_t>(layers), types->end());
  }
  const auto dense = object.find("mlp_only_layers");
  if (dense != object.end() && dense->is_array()) {
    nlohmann::json kept = nlohmann::json::array();
    for (const nlohmann::json& layer : *dense) {
      if (layer.is_number_integer() && layer.get<uint64_t>() < layers) kept.push_back(layer);
    }
    *dense = std::move(kept);
  }
}

}  // namespace

nlohmann::json TruncateLayers(const nlohmann::json& config, int layers) {
  const std::optional<Catalog> catalog = BuildCatalog(config);
  if (!catalog) {
    throw Error(ErrorCode::kUnsupported,
                "config: layers can be cut only where the model_type has a catalog");
  }
  if (layers < 1 || layers > catalog->num_layers) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want 1..{} layers, got {}", catalog->num_layers, layers));
  }
  nlohmann::json truncated = config;
  const bool is_nested = config.contains("text_config") && !config["text_config"].is_null();
  TruncateObject(is_nested ? truncated["text_config"] : truncated, static_cast<size_t>(layers));
  // Some nested configs repeat the number at the top.
  if (is_nested && truncated.contains("num_hidden_layers")) {
    truncated["num_hidden_layers"] = layers;
  }
  return truncated;
}

}  // namespace hlwq::checkpoint
