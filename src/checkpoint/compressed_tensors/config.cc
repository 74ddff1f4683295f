#include "checkpoint/compressed_tensors/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "codec/int_group.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr std::string_view kMethod = "compressed-tensors";
constexpr std::string_view kFormat = "pack-quantized";
constexpr uint64_t kMostGroupSize = 1 << 20;

// Null where the key is absent as well.
const json& ValueOf(const json& object, const char* key) {
  static const json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

bool IsEmpty(const json& value) {
  return value.is_null() || (value.is_structured() && value.empty());
}

// Throws unless `value`, the setting of that name, is `want` or absent.
void Want(const json& value, const char* name, const json& want) {
  if (value.is_null() || value == want) return;
  throw Error(ErrorCode::kUnsupported,
              fmt::format("'{}': want {}, got {}", name, want.dump(), value.dump()));
}

void WantNothing(const json& value, const char* name, std::string_view reason) {
  if (IsEmpty(value)) return;
  throw Error(ErrorCode::kUnsupported, fmt::format("'{}': {}", name, reason));
}

const json& WantObject(const json& value, const char* name) {
  if (value.is_object()) return value;
  throw Error(ErrorCode::kInvalidData,
              fmt::format("'{}': want an object, got {}", name, value.type_name()));
}

uint64_t WantNumber(const json& value, const char* name, uint64_t least, uint64_t most) {
  const uint64_t number =
      WithContext(fmt::format("'{}'", name), [&] { return UnsignedValue(value); });
  if (number < least || number > most) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'{}': want {}..{}, got {}", name, least, most, number));
  }
  return number;
}

CompressedScheme ParseGroup(const std::string& name, const json& group) {
  Want(ValueOf(group, "format"), "format", kFormat);
  for (const char* key : {"input_activations", "output_activations"}) {
    WantNothing(ValueOf(group, key), key, "activations are not quantized by this program");
  }
  const json& weights = WantObject(ValueOf(group, "weights"), "weights");
  Want(ValueOf(weights, "type"), "type", "int");
  Want(ValueOf(weights, "symmetric"), "symmetric", true);
  Want(ValueOf(weights, "dynamic"), "dynamic", false);
  // Any other order permutes the columns before they are grouped.
  if (ValueOf(weights, "actorder") != "static" && ValueOf(weights, "actorder") != "weight") {
    Want(ValueOf(weights, "actorder"), "actorder", nullptr);
  }
  CompressedScheme scheme;
  scheme.group = name;
  const json& targets = ValueOf(group, "targets");
  if (targets.is_array()) {
    for (const json& target : targets) {
      if (target.is_string()) scheme.targets.push_back(target.get<std::string>());
    }
  }
  scheme.bits = static_cast<int>(
      WantNumber(ValueOf(weights, "num_bits"), "num_bits", codec::kMinIntBits, codec::kMaxIntBits));
  const json& strategy = ValueOf(weights, "strategy");
  if (strategy == "channel") return scheme;
  Want(strategy, "strategy", "group");
  scheme.group_size = static_cast<uint32_t>(
      WantNumber(ValueOf(weights, "group_size"), "group_size", 1, kMostGroupSize));
  return scheme;
}

}  // namespace

bool HasCompressedConfig(const json& config) noexcept {
  if (!config.is_object()) return false;
  const json& section = ValueOf(config, "quantization_config");
  return section.is_object() && ValueOf(section, "quant_method") == kMethod;
}

std::vector<CompressedScheme> ParseCompressedConfig(const json& section) {
  WantObject(section, "quantization_config");
  const json& format = ValueOf(section, "format");
  // Says that each group has a format of its own.
  if (format != "mixed-precision") Want(format, "format", kFormat);
  const json& sparsity = ValueOf(section, "sparsity_config");
  if (!IsEmpty(sparsity)) {
    Want(ValueOf(WantObject(sparsity, "sparsity_config"), "format"), "sparsity_config.format",
         "dense");
  }
  WantNothing(ValueOf(section, "kv_cache_scheme"), "kv_cache_scheme",
              "a quantized cache is not run by this program");
  const json& transform = ValueOf(section, "transform_config");
  if (!IsEmpty(transform)) {
    WantNothing(ValueOf(WantObject(transform, "transform_config"), "config_groups"),
                "transform_config", "weights are stored rotated, which this program does not undo");
  }
  std::vector<CompressedScheme> schemes;
  for (const auto& [name, group] :
       WantObject(ValueOf(section, "config_groups"), "config_groups").items()) {
    schemes.push_back(WithContext(fmt::format("'{}'", name), [&] {
      return ParseGroup(name, WantObject(group, name.c_str()));
    }));
  }
  if (schemes.empty()) {
    throw Error(ErrorCode::kInvalidData, "'config_groups': want at least one group");
  }
  return schemes;
}

}  // namespace hlwq::checkpoint
