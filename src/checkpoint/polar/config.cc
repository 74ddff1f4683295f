#include "checkpoint/polar/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxAxis = uint64_t{1} << 40;  // no matrix has more rows or columns
constexpr uint64_t kMaxBlock = 65536;
constexpr int kMaxBits = 16;  // published tables list 16 for "left alone"
constexpr std::string_view kWeightSuffix = ".weight";

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

// The value of `key`, or null when it is absent or null.
const json* FindKey(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const json& RequireKey(const json& object, const char* key) {
  if (const json* value = FindKey(object, key)) return *value;
  Fail(fmt::format("'{}' is missing", key));
}

const json& RequireObject(const json& value, std::string_view what) {
  if (!value.is_object()) Fail(fmt::format("{}: want an object, got {}", what, value.type_name()));
  return value;
}

const json& RequireArray(const json& value, std::string_view what) {
  if (!value.is_array()) Fail(fmt::format("{}: want an array, got {}", what, value.type_name()));
  return value;
}

uint64_t ToUnsigned(const json& value, std::string_view what, uint64_t low, uint64_t high) {
  // A parsed document has non-negative integers as unsigned, one made in memory may have signed
  // ones.
  const bool is_natural =
      value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0);
  if (!is_natural) {
    Fail(fmt::format("'{}': want an integer from {} to {}, got {}", what, low, high,
                     value.is_number() ? value.dump() : value.type_name()));
  }
  const auto number = value.get<uint64_t>();
  if (number < low || number > high) {
    Fail(fmt::format("'{}': want an integer from {} to {}, got {}", what, low, high, number));
  }
  return number;
}

std::optional<uint64_t> OptionalUnsigned(const json& object, const char* key, uint64_t low,
                                         uint64_t high) {
  const json* value = FindKey(object, key);
  if (value == nullptr) return std::nullopt;
  return ToUnsigned(*value, key, low, high);
}

std::optional<int> OptionalBits(const json& object) {
  const auto bits = OptionalUnsigned(object, "bits", 1, kMaxBits);
  return bits ? std::optional<int>(static_cast<int>(*bits)) : std::nullopt;
}

std::optional<uint32_t> OptionalBlockSize(const json& object) {
  const auto size = OptionalUnsigned(object, "block_size", 1, kMaxBlock);
  return size ? std::optional<uint32_t>(static_cast<uint32_t>(*size)) : std::nullopt;
}

std::string ToString(const json& value, std::string_view what) {
  if (!value.is_string()) Fail(fmt::format("'{}': want a string, got {}", what, value.type_name()));
  return value.get<std::string>();
}

std::string OptionalString(const json& object, const char* key) {
  const json* value = FindKey(object, key);
  return value == nullptr ? std::string() : ToString(*value, key);
}

bool OptionalBool(const json& object, const char* key) {
  const json* value = FindKey(object, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) {
    Fail(fmt::format("'{}': want true or false, got {}", key, value->type_name()));
  }
  return value->get<bool>();
}

PolarLayer ParseLayer(const json& object) {
  PolarLayer layer;
  layer.in_features = OptionalUnsigned(object, "in_features", 1, kMaxAxis);
  layer.out_features = OptionalUnsigned(object, "out_features", 1, kMaxAxis);
  layer.bits = OptionalBits(object);
  layer.block_size = OptionalBlockSize(object);
  layer.slices = OptionalUnsigned(object, "slices", 1, kMaxAxis);
  layer.is_packed = OptionalBool(object, "packed");
  layer.is_packed_q5 = OptionalBool(object, "packed_q5");
  return layer;
}

Shape ParseShape(const json& value) {
  Shape shape;
  for (const json& axis : RequireArray(value, "'shape'")) {
    shape.push_back(ToUnsigned(axis, "shape", 1, kMaxAxis));
  }
  if (shape.size() != 2 && shape.size() != 3) {
    Fail(fmt::format("'shape': want 2 or 3 axes, got {}", ShapeToString(shape)));
  }
  // 16 bytes an element: no quantity derived from the shape comes near 2^64.
  const auto elements = ElementCount(shape);
  if (!elements || !CheckedMul(*elements, uint64_t{16})) {
    Fail(fmt::format("'shape': {} overflows", ShapeToString(shape)));
  }
  return shape;
}

PolarTensor ParseTensor(const json& object, size_t num_specs) {
  PolarTensor tensor;
  tensor.spec = ToUnsigned(RequireKey(object, "spec"), "spec", 0, UINT32_MAX);
  if (tensor.spec >= num_specs) {
    Fail(fmt::format("'spec': want an index below {}, got {}", num_specs, tensor.spec));
  }
  const std::string dtype_name = ToString(RequireKey(object, "dtype"), "dtype");
  const auto dtype = DTypeFromName(dtype_name);
  if (!dtype || (!IsWeightFloat(*dtype) && *dtype != DType::kF64)) {
    Fail(fmt::format("'dtype': want F16, BF16, F32 or F64, got '{}'", dtype_name));
  }
  tensor.dtype = *dtype;
  tensor.shape = ParseShape(RequireKey(object, "shape"));
  return tensor;
}

HlwqSection ParseSection(const json& object) {
  HlwqSection section;
  const uint64_t version =
      ToUnsigned(RequireKey(object, "format_version"), "format_version", 1, INT32_MAX);
  if (version > HlwqSection::kFormatVersion) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'format_version': this program reads up to {}, got {}",
                            HlwqSection::kFormatVersion, version));
  }
  section.format_version = static_cast<int>(version);
  section.tool_version = ToString(RequireKey(object, "tool_version"), "tool_version");
  for (const json& spec : RequireArray(RequireKey(object, "specs"), "'specs'")) {
    const std::string where = fmt::format("specs[{}]", section.specs.size());
    WithContext(where, [&] {
      section.specs.push_back(codec::SpecFromJson(RequireObject(spec, "a spec")));
    });
  }
  for (const auto& item : RequireObject(RequireKey(object, "tensors"), "'tensors'").items()) {
    WithContext(fmt::format("tensors: '{}'", item.key()), [&] {
      if (item.key().empty()) Fail("a tensor needs a name");
      section.tensors[item.key()] =
          ParseTensor(RequireObject(item.value(), "an entry"), section.specs.size());
    });
  }
  for (const json& value : RequireArray(RequireKey(object, "sources"), "'sources'")) {
    WithContext(fmt::format("sources[{}]", section.sources.size()), [&] {
      RequireObject(value, "a source");
      section.sources.push_back(
          {.name = ToString(RequireKey(value, "name"), "name"),
           .bytes = ToUnsigned(RequireKey(value, "bytes"), "bytes", 0, UINT64_MAX),
           .xxh3 = HashFromHex(ToString(RequireKey(value, "xxh3"), "xxh3"))});
    });
  }
  return section;
}

std::string_view WithoutWeight(std::string_view name) {
  if (name.ends_with(kWeightSuffix)) name.remove_suffix(kWeightSuffix.size());
  return name;
}

PolarLayer DescribeTensor(const PolarTensor& tensor, const codec::CodecSpec& spec) {
  PolarLayer layer;
  const size_t axes = tensor.shape.size();
  layer.in_features = tensor.shape[axes - 1];
  layer.out_features = tensor.shape[axes - 2];
  layer.bits = spec.bits;
  layer.block_size = spec.block_size;
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
  config.quantization = codec::CodecSpec().name;
  if (weights_of_spec.empty()) return;
  const size_t largest = static_cast<size_t>(
      std::max_element(weights_of_spec.begin(), weights_of_spec.end()) - weights_of_spec.begin());
  const codec::CodecSpec& spec = config.hlwq->specs[largest];
  config.quantization = spec.name;
  config.format = fmt::format("{}-q{}", spec.name, spec.bits);
  if (!IsPublished(spec)) return;
  config.bits = spec.bits;
  config.block_size = spec.block_size;
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
  RequireObject(document, "the document");
  config.format = OptionalString(document, "format");
  config.quantization = OptionalString(document, "quantization");
  config.base_model = OptionalString(document, "base_model");
  config.block_size = OptionalBlockSize(document);
  config.bits = OptionalBits(document);
  if (const json* patterns = FindKey(document, "bit_assignment")) {
    for (const auto& [pattern, bits] : RequireObject(*patterns, "'bit_assignment'").items()) {
      config.bit_assignment[pattern] =
          static_cast<int>(ToUnsigned(bits, "bit_assignment." + pattern, 1, kMaxBits));
    }
  }
  if (const json* layers = FindKey(document, "layers")) {
    for (const auto& item : RequireObject(*layers, "'layers'").items()) {
      WithContext(fmt::format("layers: '{}'", item.key()), [&] {
        config.layers[item.key()] = ParseLayer(RequireObject(item.value(), "an entry"));
      });
    }
  }
  if (document.contains("hlwq")) {
    WithContext("section hlwq", [&] {
      config.hlwq = ParseSection(RequireObject(document["hlwq"], "the section"));
    });
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
