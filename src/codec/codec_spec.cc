#include "codec/codec_spec.h"

#include <fmt/format.h>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_reader.h"
#include "codec/codec_record.h"

namespace hlwq::codec {
namespace {

constexpr uint64_t kMostSize = 1 << 20;
constexpr size_t kMostLevels = 65536;

std::vector<float> ReadLevels(const JsonReader& reader) {
  const nlohmann::json& levels = reader.List("levels");
  if (levels.size() > kMostLevels) {
    reader.Fail("levels", fmt::format("want at most {}, got {}", kMostLevels, levels.size()));
  }
  std::vector<float> values;
  for (const nlohmann::json& level : levels) {
    if (!level.is_number() || !std::isfinite(level.get<double>())) {
      reader.Fail("levels", "want numbers, got " + Shown(level));
    }
    values.push_back(level.get<float>());
  }
  return values;
}

}  // namespace

SpecWords DescribeSpec(const CodecSpec& spec) {
  const CodecRecord& record = RecordOf(spec);
  SpecWords words = record.describe(spec);
  words.name = record.name;
  words.version = record.version;
  return words;
}

nlohmann::json SpecToJson(const CodecSpec& spec) {
  const SpecWords words = DescribeSpec(spec);
  nlohmann::json json = {{"name", words.name},
                         {"version", words.version},
                         {"bits", spec.bits},
                         {"table", words.table},
                         {"scale_rule", words.scale_rule},
                         {"bit_order", words.bit_order},
                         {"block_size", words.block_size}};
  // Absent from files of format version 1 before there was another value.
  if (words.scale_group != SpecWords().scale_group) json["scale_group"] = words.scale_group;
  // Those of the hlwq codecs are of one type, which is not recorded.
  if (words.scale_dtype != SpecWords().scale_dtype) {
    json["scale_dtype"] = DTypeName(words.scale_dtype);
  }
  json["levels"] = spec.levels;
  return json;
}

CodecSpec SpecFromJson(const nlohmann::json& json) {
  const JsonReader reader(json, {.within = "codec"});
  SpecWords words;
  words.name = reader.String("name");
  words.version = static_cast<int>(reader.Size("version", {1, kMostSize}));
  const int bits = static_cast<int>(reader.Size("bits", {1, 64}));
  words.table = reader.String("table");
  words.scale_rule = reader.String("scale_rule");
  words.bit_order = reader.String("bit_order");
  words.block_size = static_cast<uint32_t>(reader.Size("block_size", {1, kMostSize}));
  if (const auto group = reader.OptionalSize("scale_group", {0, kMostSize})) {
    words.scale_group = static_cast<uint32_t>(*group);
  }
  if (const auto name = reader.OptionalString("scale_dtype")) {
    const auto dtype = DTypeFromName(*name);
    if (!dtype) reader.Fail("scale_dtype", fmt::format("want a type, got '{}'", *name));
    words.scale_dtype = *dtype;
  }
  std::vector<float> levels = ReadLevels(reader);
  const CodecRecord& record = RecordOf(words.name);
  if (words.version < record.version) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("codec {}: version {} is no longer read, want version {}: quantize again",
                    record.name, words.version, record.version));
  }
  if (words.version != record.version) {
    throw Error(ErrorCode::kUnsupported, fmt::format("codec {}: want version {}, got {}",
                                                     record.name, record.version, words.version));
  }
  return {.parameters = record.parse(words, bits), .bits = bits, .levels = std::move(levels)};
}

CodecSpec DefaultSpec(std::string_view name) { return RecordOf(name).default_spec(); }

std::string_view ScaleRuleName(ScaleRule rule) noexcept {
  return rule == ScaleRule::kSearch ? "search" : "norm";
}

ScaleRule ScaleRuleFromName(std::string_view name) {
  for (const ScaleRule rule : {ScaleRule::kSearch, ScaleRule::kNorm}) {
    if (name == ScaleRuleName(rule)) return rule;
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("codec hlwq: want scale rule search or norm, got '{}'", name));
}

std::string_view IntScaleRuleName(IntScaleRule rule) noexcept {
  return rule == IntScaleRule::kMse ? "mse" : "absmax";
}

IntScaleRule IntScaleRuleFromName(std::string_view name) {
  for (const IntScaleRule rule : {IntScaleRule::kMse, IntScaleRule::kAbsmax}) {
    if (name == IntScaleRuleName(rule)) return rule;
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("codec pack-quantized: want scale rule mse or absmax, got {}", name));
}

}  // namespace hlwq::codec
