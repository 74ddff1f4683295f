#include "checkpoint/config_dtype.h"

#include <nlohmann/json.hpp>

namespace hlwq::checkpoint {

std::optional<DType> ConfigDType(const nlohmann::json& config) {
  if (!config.is_object()) return std::nullopt;
  for (const char* key : {"dtype", "torch_dtype"}) {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_string()) continue;
    if (*found == "float16") return DType::kF16;
    if (*found == "float32") return DType::kF32;
    if (*found == "bfloat16") return DType::kBF16;
  }
  const auto text = config.find("text_config");
  return text == config.end() ? std::nullopt : ConfigDType(*text);
}

}  // namespace hlwq::checkpoint
