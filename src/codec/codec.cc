#include "codec/codec.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hlwq::codec {
namespace {

constexpr std::array kCodecNames = {kHlwqCodec, kTrellisCodec};

// One value of the spec; `key` must be present and of the wanted type.
template <typename T>
T Get(const nlohmann::json& json, const char* key, const char* want,
      bool (nlohmann::json::*is_type)() const noexcept) {
  const auto found = json.find(key);
  if (found == json.end()) {
    throw Error(ErrorCode::kInvalidData, fmt::format("codec: key '{}' is missing", key));
  }
  if (!((*found).*is_type)()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("codec: '{}': want {}, got {}", key, want, found->type_name()));
  }
  return found->get<T>();
}

std::string GetString(const nlohmann::json& json, const char* key) {
  return Get<std::string>(json, key, "a string", &nlohmann::json::is_string);
}

int GetInt(const nlohmann::json& json, const char* key, int least, int most) {
  const auto value = Get<int64_t>(json, key, "an integer", &nlohmann::json::is_number_integer);
  // Unsigned values beyond int64 wrap to negative ones and fail here as well.
  if (value < least || value > most) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("codec: '{}': want {}..{}, got {}", key, least, most, value));
  }
  return static_cast<int>(value);
}

}  // namespace

nlohmann::json SpecToJson(const CodecSpec& spec) {
  nlohmann::json json = {{"name", spec.name},
                         {"version", spec.version},
                         {"bits", spec.bits},
                         {"table", spec.table},
                         {"scale_rule", spec.scale_rule},
                         {"bit_order", spec.bit_order},
                         {"block_size", spec.block_size}};
  // Absent from files of format version 1 before there was another value.
  if (spec.scale_group != CodecSpec().scale_group) json["scale_group"] = spec.scale_group;
  // Those of the hlwq codecs are of one type, which is not recorded.
  if (spec.scale_dtype != CodecSpec().scale_dtype)
    json["scale_dtype"] = DTypeName(spec.scale_dtype);
  json["levels"] = spec.levels;
  return json;
}

CodecSpec SpecFromJson(const nlohmann::json& json) {
  if (!json.is_object()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("codec: want an object, got {}", json.type_name()));
  }
  CodecSpec spec;
  spec.name = GetString(json, "name");
  spec.version = GetInt(json, "version", 1, 1 << 20);
  spec.bits = GetInt(json, "bits", 1, 64);
  spec.table = GetString(json, "table");
  spec.scale_rule = GetString(json, "scale_rule");
  spec.bit_order = GetString(json, "bit_order");
  spec.block_size = static_cast<uint32_t>(GetInt(json, "block_size", 1, 1 << 20));
  if (json.contains("scale_group")) {
    spec.scale_group = static_cast<uint32_t>(GetInt(json, "scale_group", 0, 1 << 20));
  }
  if (json.contains("scale_dtype")) {
    const std::string name = GetString(json, "scale_dtype");
    const auto dtype = DTypeFromName(name);
    if (!dtype) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("codec: 'scale_dtype': want a type, got '{}'", name));
    }
    spec.scale_dtype = *dtype;
  }
  const auto levels = json.find("levels");
  if (levels == json.end() || !levels->is_array() || levels->size() > 65536) {
    throw Error(ErrorCode::kInvalidData, "codec: 'levels': want an array of numbers");
  }
  for (const nlohmann::json& level : *levels) {
    if (!level.is_number()) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("codec: 'levels': want numbers, got {}", level.type_name()));
    }
    spec.levels.push_back(level.get<float>());
  }
  return spec;
}

std::span<const std::string_view> CodecNames() noexcept { return kCodecNames; }

bool IsPublished(const CodecSpec& spec) noexcept { return spec.name == kHlwqCodec; }

CodecSpec DefaultSpec(std::string_view name) {
  CodecSpec spec;
  if (name == kHlwqCodec) return spec;
  if (name == kPackQuantizedCodec) {
    spec.name = name;
    spec.bits = 4;
    spec.table = "integers";
    spec.scale_rule = "mse";
    spec.bit_order = "lsb";
    spec.block_size = 1;
    spec.scale_dtype = DType::kBF16;
    return spec;
  }
  if (name != kTrellisCodec) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("unknown codec '{}' (want {})", name, fmt::join(kCodecNames, " or ")));
  }
  spec.name = name;
  spec.table = "trellis-gauss";
  spec.scale_rule = "default";
  spec.bit_order = "planes";
  spec.scale_group = 64;
  return spec;
}

double Codec::BitsPerWeight(MatrixShape shape) const {
  double bytes = 0;
  for (const Part& part : Parts(shape)) bytes += static_cast<double>(part.bytes);
  return 8 * bytes / (static_cast<double>(shape.out) * static_cast<double>(shape.in));
}

}  // namespace hlwq::codec
