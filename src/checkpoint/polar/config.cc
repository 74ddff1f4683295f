#include "checkpoint/polar/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json_reader.h"
#include "codec/codec_record.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxAxis = uint64_t{1} << 40;  // no matrix has more rows or columns
constexpr uint64_t kMaxAxes = 16;
constexpr uint64_t kMaxBlock = 65536;
constexpr int kMaxBits = 16;  // published tables list 16 for "left alone"
constexpr std::string_view kWeightSuffix = ".weight";

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

std::optional<int> OptionalBits(const JsonReader& reader) {
  const auto bits = reader.OptionalSize("bits", {1, kMaxBits});
  return bits ? std::optional<int>(static_cast<int>(*bits)) : std::nullopt;
}

std::optional<uint32_t> OptionalBlockSize(const JsonReader& reader) {
  const auto size = reader.OptionalSize("block_size", {1, kMaxBlock});
  return size ? std::optional<uint32_t>(static_cast<uint32_t>(*size)) : std::nullopt;
}

PolarLayer ParseLayer(const JsonReader& reader) {
  constexpr SizeRange kAxis{1, kMaxAxis};
  PolarLayer layer;
  layer.in_features = reader.OptionalSize("in_features", kAxis);
  layer.out_features = reader.OptionalSize("out_features", kAxis);
  layer.bits = OptionalBits(reader);
  layer.block_size = OptionalBlockSize(reader);
  layer.slices = reader.OptionalSize("slices", kAxis);
  layer.is_packed = reader.Flag("packed", false);
  layer.is_packed_q5 = reader.Flag("packed_q5", false);
  return layer;
}

Shape ParseShape(const JsonReader& reader) {
  reader.List("shape");
  const Shape shape = *reader.OptionalSizes("shape", kMaxAxes, {1, kMaxAxis});
  if (shape.size() != 2 && shape.size() != 3) {
    reader.Fail("shape", fmt::format("want 2 or 3 axes, got {}", ShapeToString(shape)));
  }
  // 16 bytes an element: no quantity derived from the shape comes near 2^64.
  const auto elements = ElementCount(shape);
  if (!elements || !CheckedMul(*elements, uint64_t{16})) {
    reader.Fail("shape", fmt::format("{} overflows", ShapeToString(shape)));
  }
  return shape;
}

PolarTensor ParseTensor(const JsonReader& reader, size_t num_specs) {
  PolarTensor tensor;
  tensor.spec = reader.Size("spec", {0, UINT32_MAX});
  if (tensor.spec >= num_specs) {
    reader.Fail("spec", fmt::format("want an index below {}, got {}", num_specs, tensor.spec));
  }
  const std::string dtype_name = reader.String("dtype");
  const auto dtype = DTypeFromName(dtype_name);
  if (!dtype || (!IsWeightFloat(*dtype) && *dtype != DType::kF64)) {
    reader.Fail("dtype", fmt::format("want F16, BF16, F32 or F64, got '{}'", dtype_name));
  }
  tensor.dtype = *dtype;
  tensor.shape = ParseShape(reader);
  return tensor;
}

HlwqSection ParseSection(const JsonReader& reader) {
  HlwqSection section;
  const uint64_t version = reader.Size("format_version", {1, INT32_MAX});
  if (version > HlwqSection::kFormatVersion) {
    reader.Refuse("format_version", fmt::format("this program reads up to {}, got {}",
                                                HlwqSection::kFormatVersion, version));
  }
  section.format_version = static_cast<int>(version);
  section.tool_version = reader.String("tool_version");
  for (const json& spec : reader.List("specs")) {
    WithContext(fmt::format("specs[{}]", section.specs.size()),
                [&] { section.specs.push_back(codec::SpecFromJson(spec)); });
  }
  for (const auto& item : reader.Object("tensors").items()) {
    WithContext(fmt::format("tensors: '{}'", item.key()), [&] {
      if (item.key().empty()) Fail("a tensor needs a name");
      section.tensors[item.key()] = ParseTensor(JsonReader(item.value()), section.specs.size());
    });
  }
  for (const json& value : reader.List("sources")) {
    WithContext(fmt::format("sources[{}]", section.sources.size()), [&] {
      const JsonReader source(value);
      section.sources.push_back({.name = source.String("name"),
                                 .bytes = source.Size("bytes", {0, UINT64_MAX}),
                                 .xxh3 = HashFromHex(source.String("xxh3"))});
    });
  }
  return section;
}

std::string_view WithoutWeight(std::string_view name) {
  if (name.ends_with(kWeightSuffix)) name.remove_suffix(kWeightSuffix.size());
  return name;
}

bool IsPublished(const codec::CodecSpec& spec) {
  return codec::RecordOf(spec).home == codec::CodecHome::kPolarState;
}

PolarLayer DescribeTensor(const PolarTensor& tensor, const codec::CodecSpec& spec) {
  PolarLayer layer;
  const size_t axes = tensor.shape.size();
  layer.in_features = tensor.shape[axes - 1];
  layer.out_features = tensor.shape[axes - 2];
  layer.bits = spec.bits;
  layer.block_size = codec::DescribeSpec(spec).block_size;
  if (axes == 3) layer.slices = tensor.shape[0];
  return layer;
}

// The section and the published keys are written together: where both speak, they must agree.
void CheckLayersAgree(const PolarConfig& config) {
  for (const auto& tensor_by_name : config.hlwq->tensors) {
    const std::string& name = tensor_by_name.first;
    const PolarTensor& tensor = tensor_by_name.second;
    const PolarLayer* layer = FindLayer(config, name);
    if (layer == nullptr) continue;
    const PolarLayer want = DescribeTensor(tensor, config.hlwq->specs[tensor.spec]);
    const auto check = [&](const char* key, auto expected, auto got) {
      if (got && expected != got) {
        Fail(fmt::format("layers: '{}': '{}': section hlwq says {}, got {}", name, key,
                         expected ? fmt::to_string(*expected) : "nothing", *got));
      }
    };
    check("in_features", want.in_features, layer->in_features);
    check("out_features", want.out_features, layer->out_features);
    check("bits", want.bits, layer->bits);
    check("block_size", want.block_size, layer->block_size);
    check("slices", want.slices, layer->slices);
  }
}

json LayerToJson(const PolarLayer& layer) {
  json object = json::object();
  if (layer.in_features) object["in_features"] = *layer.in_features;
  if (layer.out_features) object["out_features"] = *layer.out_features;
  if (layer.bits) object["bits"] = *layer.bits;
  if (layer.block_size) object["block_size"] = *layer.block_size;
  if (layer.slices) object["slices"] = *layer.slices;
  if (layer.is_packed) object["packed"] = true;
  if (layer.is_packed_q5) object["packed_q5"] = true;
  return object;
}

json SectionToJson(const HlwqSection& section) {
  json object = {{"format_version", section.format_version},
                 {"tool_version", section.tool_version},
                 {"specs", json::array()},
                 {"tensors", json::object()},
                 {"sources", json::array()}};
  for (const codec::CodecSpec& spec : section.specs) object["specs"].push_back(SpecToJson(spec));
  for (const auto& [name, tensor] : section.tensors) {
    object["tensors"][name] = {
        {"spec", tensor.spec}, {"dtype", DTypeName(tensor.dtype)}, {"shape", tensor.shape}};
  }
  for (const PolarSource& source : section.sources) {
    object["sources"].push_back(
        {{"name", source.name}, {"bytes", source.bytes}, {"xxh3", HashToHex(source.xxh3)}});
  }
  return object;
}

// "hlwq-q5" -> 5.
std::optional<int> BitsInFormat(std::string_view format) {
  const size_t mark = format.rfind("-q");
  if (mark == std::string_view::npos || mark + 3 != format.size()) return std::nullopt;
  const char digit = format.back();
  return digit >= '1' && digit <= '8' ? std::optional<int>(digit - '0') : std::nullopt;
}

}  // namespace

void DescribeForPublishedReaders(PolarConfig& config) {
  if (!config.hlwq) {
    throw Error(ErrorCode::kInvalidArgument, "polar_config: no hlwq section to describe");
  }
  std::vector<uint64_t> weights_of_spec(config.hlwq->specs.size());
  config.layers.clear();
  for (const auto& [name, tensor] : config.hlwq->tensors) {
    if (tensor.spec >= weights_of_spec.size()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("polar_config: '{}' names spec {} of {}", name, tensor.spec,
                              weights_of_spec.size()));
    }
    weights_of_spec[tensor.spec] += ElementCount(tensor.shape).value_or(0);
    if (!IsPublished(config.hlwq->specs[tensor.spec])) continue;
    // "x" and "x.weight" side by side keep their full names.
    std::string key(WithoutWeight(name));
    if (key != name && config.hlwq->tensors.contains(key)) key = name;
    config.layers[key] = DescribeTensor(tensor, config.hlwq->specs[tensor.spec]);
  }
  config.bits.reset();
  config.block_size.reset();
  config.quantization = codec::kHlwqCodec;
  if (weights_of_spec.empty()) return;
  const size_t largest = static_cast<size_t>(
      std::max_element(weights_of_spec.begin(), weights_of_spec.end()) - weights_of_spec.begin());
  const codec::CodecSpec& spec = config.hlwq->specs[largest];
  config.quantization = codec::RecordOf(spec).name;
  config.format = fmt::format("{}-q{}", config.quantization, spec.bits);
  if (!IsPublished(spec)) return;
  config.bits = spec.bits;
  config.block_size = codec::DescribeSpec(spec).block_size;
}

json PolarConfigToJson(const PolarConfig& config) {
  json object = json::object();
  if (!config.format.empty()) object["format"] = config.format;
  if (!config.quantization.empty()) object["quantization"] = config.quantization;
  if (!config.base_model.empty()) object["base_model"] = config.base_model;
  if (config.block_size) object["block_size"] = *config.block_size;
  if (config.bits) object["bits"] = *config.bits;
  if (!config.bit_assignment.empty()) object["bit_assignment"] = config.bit_assignment;
  if (!config.layers.empty()) {
    json& layers = object["layers"] = json::object();
    for (const auto& [name, layer] : config.layers) layers[name] = LayerToJson(layer);
  }
  if (config.hlwq) object["hlwq"] = SectionToJson(*config.hlwq);
  return object;
}

PolarConfig ParsePolarConfig(const json& document) {
  PolarConfig config;
  if (document.is_null()) return config;
  const JsonReader reader(document);
  config.format = reader.OptionalString("format").value_or("");
  config.quantization = reader.OptionalString("quantization").value_or("");
  config.base_model = reader.OptionalString("base_model").value_or("");
  config.block_size = OptionalBlockSize(reader);
  config.bits = OptionalBits(reader);
  if (reader.Has("bit_assignment")) {
    const JsonReader patterns = reader.Child("bit_assignment");
    for (const auto& item : reader.Object("bit_assignment").items()) {
      config.bit_assignment[item.key()] =
          static_cast<int>(patterns.Size(item.key(), {1, kMaxBits}));
    }
  }
  if (reader.Has("layers")) {
    for (const auto& item : reader.Object("layers").items()) {
      WithContext(fmt::format("layers: '{}'", item.key()),
                  [&] { config.layers[item.key()] = ParseLayer(JsonReader(item.value())); });
    }
  }
  if (document.contains("hlwq")) {
    WithContext("section hlwq", [&] { config.hlwq = ParseSection(JsonReader(document["hlwq"])); });
    CheckLayersAgree(config);
  }
  return config;
}

bool HasHlwqSection(const json& document) {
  return document.is_object() && document.contains("hlwq");
}

const PolarLayer* FindLayer(const PolarConfig& config, std::string_view name) {
  for (const std::string_view key : {name, WithoutWeight(name)}) {
    const auto found = config.layers.find(std::string(key));
    if (found != config.layers.end()) return &found->second;
  }
  return nullptr;
}

std::optional<int> RecordedBits(const PolarConfig& config, std::string_view name,
                                std::string* source) {
  const auto answer = [&](int bits, std::string key) {
    if (source != nullptr) *source = std::move(key);
    return std::optional<int>(bits);
  };
  const PolarLayer* layer = FindLayer(config, name);
  if (layer != nullptr && layer->bits) return answer(*layer->bits, "layers");
  const std::pair<const std::string, int>* longest = nullptr;
  for (const auto& pattern : config.bit_assignment) {
    if (name.find(pattern.first) != std::string_view::npos &&
        (longest == nullptr || pattern.first.size() > longest->first.size())) {
      longest = &pattern;
    }
  }
  if (longest != nullptr) return answer(longest->second, "bit_assignment." + longest->first);
  if (config.bits) return answer(*config.bits, "bits");
  if (const auto bits = BitsInFormat(config.format)) return answer(*bits, "format");
  return std::nullopt;
}

}  // namespace hlwq::checkpoint
