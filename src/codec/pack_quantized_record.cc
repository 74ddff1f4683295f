// The record of the codec, and its scalar form: one group at a time.
#include <fmt/format.h>

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "codec/codec_record.h"
#include "codec/float_rows.h"
#include "codec/pack_quantized_codec.h"

namespace hlwq::codec {
namespace {

class ReferencePackQuantizedCodec final : public PackQuantizedCodec {
 public:
  explicit ReferencePackQuantizedCodec(const CodecSpec& spec) : PackQuantizedCodec(spec) {}

 protected:
  size_t EncodeGroups(DType dtype, std::span<const std::byte> weights, std::span<float> scratch,
                      std::span<uint8_t> codes, std::span<std::byte> scales,
                      std::span<IntGroupSums> sums) const override {
    const size_t group = codes.size() / sums.size();
    const size_t input_bytes = weights.size() / sums.size();
    const size_t scale_bytes = scales.size() / sums.size();
    std::vector<float> wide(group);
    for (size_t i = 0; i < sums.size(); ++i) {
      ToFloatReference(dtype, weights.subspan(i * input_bytes, input_bytes), wide);
      if (!EncodeIntGroup(wide, coding(), scratch.first(group), codes.subspan(i * group, group),
                          scales.subspan(i * scale_bytes, scale_bytes), sums[i])) {
        return i;
      }
    }
    return sums.size();
  }

  void DecodeGroups(std::span<const uint8_t> codes, std::span<const std::byte> scales, DType dtype,
                    std::span<std::byte> weights) const override {
    const size_t scale_bytes = BitsPerElement(coding().scale_dtype) / 8;
    const size_t groups = scales.size() / scale_bytes;
    const size_t group = codes.size() / groups;
    const size_t out_bytes = weights.size() / groups;
    std::vector<float> decoded(group);
    for (size_t i = 0; i < groups; ++i) {
      float scale;
      ToFloatReference(coding().scale_dtype, scales.subspan(i * scale_bytes, scale_bytes),
                       std::span(&scale, 1));
      DecodeIntGroup(codes.subspan(i * group, group), scale, coding(), decoded);
      FromFloatReference(decoded, dtype, weights.subspan(i * out_bytes, out_bytes));
    }
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    ToFloatReference(dtype, in, out);
  }
};

constexpr std::string_view kTable = "integers";
constexpr std::string_view kUnknownRule = "unknown";

CodecSpec DefaultPackQuantized() {
  return {.parameters = PackQuantizedParameters(), .bits = 4, .levels = {}};
}

SpecWords DescribePackQuantized(const CodecSpec& spec) {
  const auto& packed = std::get<PackQuantizedParameters>(spec.parameters);
  return {.table = std::string(kTable),
          .scale_rule =
              std::string(packed.scale_rule ? IntScaleRuleName(*packed.scale_rule) : kUnknownRule),
          .bit_order = std::string(WordOrderName(packed.word_order)),
          .block_size = 1,
          .scale_group = packed.scale_group,
          .scale_dtype = packed.scale_dtype};
}

template <class Value>
void Check(bool holds, ErrorCode code, const char* what, std::string_view want, const Value& got) {
  if (holds) return;
  throw Error(code,
              fmt::format("codec {}: want {} {}, got {}", kPackQuantizedCodec, what, want, got));
}

CodecParameters ParsePackQuantized(const SpecWords& words, int) {
  Check(words.block_size == 1, ErrorCode::kUnsupported, "blocks of", "1", words.block_size);
  Check(words.table == kTable, ErrorCode::kInvalidArgument, "table", kTable, words.table);
  PackQuantizedParameters packed = {.scale_group = words.scale_group,
                                    .scale_dtype = words.scale_dtype};
  packed.scale_rule = std::nullopt;
  if (words.scale_rule != kUnknownRule) packed.scale_rule = IntScaleRuleFromName(words.scale_rule);
  const auto order = WordOrderFromName(words.bit_order);
  Check(order.has_value(), ErrorCode::kInvalidArgument, "bit order", "lsb or lsb-words",
        words.bit_order);
  packed.word_order = *order;
  return packed;
}

}  // namespace

constinit const CodecRecord kPackQuantizedRecord = {
    .name = kPackQuantizedCodec,
    .version = 1,
    .min_bits = kMinIntBits,
    .max_bits = kMaxIntBits,
    .home = CodecHome::kCompressedTensors,
    .default_spec = DefaultPackQuantized,
    .describe = DescribePackQuantized,
    .parse = ParsePackQuantized,
    .make_reference = MakeReference<ReferencePackQuantizedCodec>};

}  // namespace hlwq::codec
