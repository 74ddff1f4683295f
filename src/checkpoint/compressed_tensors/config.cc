#include "checkpoint/compressed_tensors/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json_reader.h"
#include "codec/int_group.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr std::string_view kMethod = "compressed-tensors";
constexpr std::string_view kFormatText = "\"pack-quantized\"";
constexpr uint64_t kMostGroupSize = 1 << 20;

// Null where the key is absent as well.
const json& ValueOf(const json& object, const char* key) {
  static const json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

bool IsEmpty(const json* value) {
  return value == nullptr || (value->is_structured() && value->empty());
}

void WantNothing(const JsonReader& reader, std::string_view key, std::string_view reason) {
  if (!IsEmpty(reader.Find(key))) reader.Refuse(key, reason);
}

// Numbers beyond the range are others' to use.
uint64_t SizeHere(const JsonReader& reader, std::string_view key, SizeRange range) {
  const json* value = reader.Find(key);
  if (value == nullptr || !value->is_number_unsigned()) return reader.Size(key, range);
  const auto size = value->get<uint64_t>();
  if (size < range.min || size > range.max) {
    reader.Refuse(key, fmt::format("want {}..{}, got {}", range.min, range.max, size));
  }
  return size;
}

CompressedScheme ParseGroup(const std::string& name, const JsonReader& group) {
  group.WantFixed("format", kFormatText);
  for (const char* key : {"input_activations", "output_activations"}) {
    WantNothing(group, key, "activations are not quantized by this program");
  }
  const JsonReader weights(group.Object("weights"));
  weights.WantFixed("type", "\"int\"");
  weights.WantFixed("symmetric", "true");
  weights.WantFixed("dynamic", "false");
  // Any other order permutes the columns before they are grouped.
  const json* order = weights.Find("actorder");
  if (order != nullptr && *order != "static" && *order != "weight") {
    weights.WantFixed("actorder", "null");
  }
  CompressedScheme scheme;
  scheme.group = name;
  const json* targets = group.Find("targets");
  if (targets != nullptr && targets->is_array()) {
    for (const json& target : *targets) {
      if (target.is_string()) scheme.targets.push_back(target.get<std::string>());
    }
  }
  scheme.bits =
      static_cast<int>(SizeHere(weights, "num_bits", {codec::kMinIntBits, codec::kMaxIntBits}));
  const json* strategy = weights.Find("strategy");
  if (strategy != nullptr && *strategy == "channel") return scheme;
  weights.WantFixed("strategy", "\"group\"");
  scheme.group_size = static_cast<uint32_t>(SizeHere(weights, "group_size", {1, kMostGroupSize}));
  return scheme;
}

}  // namespace

bool HasCompressedConfig(const json& config) noexcept {
  if (!config.is_object()) return false;
  const json& section = ValueOf(config, "quantization_config");
  return section.is_object() && ValueOf(section, "quant_method") == kMethod;
}

bool HasCompressedFloats(const json& config) noexcept {
  if (!HasCompressedConfig(config)) return false;
  const json& format = ValueOf(config["quantization_config"], "format");
  return format == "float-quantized" || format == "naive-quantized" ||
         format == "nvfp4-pack-quantized" || format == "mxfp4-pack-quantized";
}

std::vector<CompressedScheme> ParseCompressedConfig(const json& section) {
  const JsonReader reader(section);
  // Says that each group has a format of its own.
  if (ValueOf(section, "format") != "mixed-precision") reader.WantFixed("format", kFormatText);
  if (!IsEmpty(reader.Find("sparsity_config"))) {
    reader.Child("sparsity_config").WantFixed("format", "\"dense\"");
  }
  WantNothing(reader, "kv_cache_scheme", "a quantized cache is not run by this program");
  if (!IsEmpty(reader.Find("transform_config"))) {
    const JsonReader transform(reader.Object("transform_config"));
    if (!IsEmpty(transform.Find("config_groups"))) {
      reader.Refuse("transform_config",
                    "weights are stored rotated, which this program does not undo");
    }
  }
  std::vector<CompressedScheme> schemes;
  for (const auto& [name, group] : reader.Object("config_groups").items()) {
    // Clang 14 captures no names of a structured binding.
    schemes.push_back(WithContext(fmt::format("'{}'", name), [&name = name, &group = group] {
      return ParseGroup(name, JsonReader(group));
    }));
  }
  if (schemes.empty()) reader.Fail("config_groups", "want at least one group");
  return schemes;
}

}  // namespace hlwq::checkpoint
