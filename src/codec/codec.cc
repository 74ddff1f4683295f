#include "codec/codec.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_reader.h"

namespace hlwq::codec {
namespace {

constexpr std::array kCodecNames = {kHlwqCodec, kTrellisCodec};

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
  constexpr uint64_t kMostSize = 1 << 20;
  constexpr size_t kMostLevels = 65536;
  const JsonReader reader(json, {.within = "codec"});
  CodecSpec spec;
  spec.name = reader.String("name");
  spec.version = static_cast<int>(reader.Size("version", {1, kMostSize}));
  spec.bits = static_cast<int>(reader.Size("bits", {1, 64}));
  spec.table = reader.String("table");
  spec.scale_rule = reader.String("scale_rule");
  spec.bit_order = reader.String("bit_order");
  spec.block_size = static_cast<uint32_t>(reader.Size("block_size", {1, kMostSize}));
  if (const auto group = reader.OptionalSize("scale_group", {0, kMostSize})) {
    spec.scale_group = static_cast<uint32_t>(*group);
  }
  if (const auto name = reader.OptionalString("scale_dtype")) {
    const auto dtype = DTypeFromName(*name);
    if (!dtype) reader.Fail("scale_dtype", fmt::format("want a type, got '{}'", *name));
    spec.scale_dtype = *dtype;
  }
  const nlohmann::json& levels = reader.List("levels");
  if (levels.size() > kMostLevels) {
    reader.Fail("levels", fmt::format("want at most {}, got {}", kMostLevels, levels.size()));
  }
  for (const nlohmann::json& level : levels) {
    if (!level.is_number()) reader.Fail("levels", "want numbers, got " + Shown(level));
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
