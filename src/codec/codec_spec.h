// What identifies a codec and its parameters in a checkpoint. A codec is one alternative of
// CodecSpec::parameters and one record (codec_record.h).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/bitpack.h"
#include "codec/hlwq_block.h"
#include "codec/int_group.h"
#include "codec/int_words.h"
#include "tensor/dtype.h"

namespace hlwq::codec {

// Of "hlwq": blocks of 128 are rotated and coded with one multiplier each.
struct HlwqParameters {
  std::string table = "lloyd-max";            // a name of gaussian_tables.h, or "custom"
  ScaleRule scale_rule = ScaleRule::kSearch;  // how the encoder chose multipliers
  BitOrder bit_order = BitOrder::kMsb;
  uint32_t block_size = kBlockSize;  // others are read of published files, but not decoded

  bool operator==(const HlwqParameters&) const = default;
};

// Of "hlwq-t": blocks of 128 are rotated and searched for a path through a trellis, with a
// multiplier for 64 weights.
struct TrellisParameters {
  std::string table = "trellis-gauss";  // a name of trellis_table.h, or another: then with levels
  std::string effort = "default";       // of the encoder's search: "fast", "default", "best"

  bool operator==(const TrellisParameters&) const = default;
};

// Of "pack-quantized", what compressed-tensors calls its integers with scales of groups.
struct PackQuantizedParameters {
  // None in files of others, which do not tell: such a codec only decodes.
  std::optional<IntScaleRule> scale_rule = IntScaleRule::kMse;
  WordOrder word_order = WordOrder::kDense;
  uint32_t scale_group = 128;  // weights that share a scale; 0: a whole row
  DType scale_dtype = DType::kBF16;

  bool operator==(const PackQuantizedParameters&) const = default;
};

using CodecParameters = std::variant<HlwqParameters, TrellisParameters, PackQuantizedParameters>;

// Equal specs decode alike.
struct CodecSpec {
  CodecParameters parameters;
  int bits = 5;  // stored for one weight, without multipliers
  // What the codes stand for, ascending: 2^bits values for N(0,1), 2^(bits + 1) integers of hlwq-t,
  // 2^bits integers of pack-quantized. Filled for every spec that is stored; empty: those of the table.
  std::vector<float> levels;

  bool operator==(const CodecSpec&) const = default;
};

template <class Parameters>
bool Is(const CodecSpec& spec) noexcept {
  return std::holds_alternative<Parameters>(spec.parameters);
}

inline constexpr std::string_view kHlwqCodec = "hlwq";
inline constexpr std::string_view kTrellisCodec = "hlwq-t";
inline constexpr std::string_view kPackQuantizedCodec = "pack-quantized";

// The names of the codecs of polar_state, in the order of their records.
std::span<const std::string_view> CodecNames() noexcept;

// The spec that a codec of this name has unless told otherwise, without levels. Throws
// Error{kUnsupported} for an unknown name.
CodecSpec DefaultSpec(std::string_view name);

// A spec in the words of files and reports (docs/format.md, "polar_config.json"), without bits and
// levels.
struct SpecWords {
  std::string name;
  int version = 1;
  std::string table;
  std::string scale_rule;
  std::string bit_order;
  uint32_t block_size = 128;   // weights that are rotated together; 1: none
  uint32_t scale_group = 128;  // weights that share a multiplier; 0: a whole row
  DType scale_dtype = DType::kF16;
};
SpecWords DescribeSpec(const CodecSpec& spec);

nlohmann::json SpecToJson(const CodecSpec& spec);
// Throws Error{kInvalidData} naming the key that is missing or wrong, Error{kUnsupported} for an unknown
// name, version, block or group, Error{kInvalidArgument} for words that the codec does not know.
CodecSpec SpecFromJson(const nlohmann::json& json);

// "search", "norm".
std::string_view ScaleRuleName(ScaleRule rule) noexcept;
// Throws Error{kInvalidArgument} for another name.
ScaleRule ScaleRuleFromName(std::string_view name);
// "mse", "absmax".
std::string_view IntScaleRuleName(IntScaleRule rule) noexcept;
// Throws Error{kInvalidArgument} for another name.
IntScaleRule IntScaleRuleFromName(std::string_view name);

}  // namespace hlwq::codec
