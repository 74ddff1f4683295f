// polar_config.json: what a polar_state checkpoint says about itself (docs/format-polar-state.md,
// P.2 the published keys, P.3 our own section). One struct serves the writer and the reader.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::checkpoint {

// One entry of `layers`, the published description of a matrix; every key may be absent.
struct PolarLayer {
  std::optional<uint64_t> in_features;
  std::optional<uint64_t> out_features;
  std::optional<int> bits;
  std::optional<uint32_t> block_size;
  std::optional<uint64_t> slices;  // of a fused [slices, out, in] tensor; absent for a matrix
  bool is_packed = false;          // "packed": half-block nibbles (legacy `.codes` only)
  bool is_packed_q5 = false;       // "packed_q5": LSB-first groups of 8 codes (legacy only)

  bool operator==(const PolarLayer&) const = default;
};

// One coded tensor of our own section.
struct PolarTensor {
  size_t spec = 0;             // index into HlwqSection::specs
  DType dtype = DType::kBF16;  // of the source: F16, BF16, F32 or F64
  Shape shape;                 // [out, in], or [slices, out, in] stored slice by slice

  bool operator==(const PolarTensor&) const = default;
};

// A file the checkpoint was made from.
struct PolarSource {
  std::string name;
  uint64_t bytes = 0;
  uint64_t xxh3 = 0;  // XXH3-64; written as 16 hexadecimal digits

  bool operator==(const PolarSource&) const = default;
};

// The object under the key "hlwq": with it a reader guesses nothing.
struct HlwqSection {
  static constexpr int kFormatVersion = 1;

  int format_version = kFormatVersion;
  std::string tool_version;
  std::vector<codec::CodecSpec> specs;
  std::map<std::string, PolarTensor> tensors;  // by full dotted name
  std::vector<PolarSource> sources;

  bool operator==(const HlwqSection&) const = default;
};

struct PolarConfig {
  std::string format;        // "hlwq-q5", "polar_engine_v4", ...; empty when absent
  std::string quantization;  // "hlwq", "hlwq-t", "polarengine"
  std::string base_model;
  std::optional<uint32_t> block_size;
  std::optional<int> bits;
  std::map<std::string, int> bit_assignment;  // name pattern -> bits, where they are mixed
  std::map<std::string, PolarLayer> layers;
  std::optional<HlwqSection> hlwq;

  bool operator==(const PolarConfig&) const = default;
};

// Derives the published keys `format`, `quantization`, `block_size`, `bits` and `layers` from the
// section, so that the two can never disagree; `bit_assignment` and `base_model` are left alone.
// `quantization`, `format`, `bits` and `block_size` are those of the spec that holds the most weights. A
// layer is named like its tensor without a trailing ".weight", as published readers look it up. Of
// codecs that they do not know (codec::CodecHome) only the name is told: no layers, bits or blocks.
// Throws Error{kInvalidArgument} when there is no section or a tensor names a spec it lacks.
void DescribeForPublishedReaders(PolarConfig& config);

nlohmann::json PolarConfigToJson(const PolarConfig& config);

// Strict on our own section: every key present and well-typed, version known, specs valid, shapes
// of 2 or 3 positive axes without overflow, `layers` in agreement with it; unknown keys are ignored
// (later tools may add some). Tolerant on published keys: unknown or null ones are ignored, those
// in use must have a sensible type and range. null gives an empty PolarConfig.
// Throws Error{kInvalidData} naming the key; Error{kUnsupported} for a newer format_version.
PolarConfig ParsePolarConfig(const nlohmann::json& json);

// True where the JSON carries our own section (whatever its state).
bool HasHlwqSection(const nlohmann::json& json);

// The entry that speaks of the tensor `name`: by that name or by it without ".weight"; null if
// none.
const PolarLayer* FindLayer(const PolarConfig& config, std::string_view name);

// What the published keys say about the code width of tensor `name`: its layer's `bits`, else the
// longest pattern of `bit_assignment` that occurs in the name, else `bits`, else the number at the
// end of a format "...-q<b>". Empty when nothing does. `source` (optional) takes the key that
// spoke.
std::optional<int> RecordedBits(const PolarConfig& config, std::string_view name,
                                std::string* source = nullptr);

}  // namespace hlwq::checkpoint
