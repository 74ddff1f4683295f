// The record of the codec, and its scalar form: one block at a time.
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string>
#include <variant>

#include "base/error.h"
#include "codec/codec_record.h"
#include "codec/float_rows.h"
#include "codec/gaussian_tables.h"
#include "codec/hlwq_codec.h"

namespace hlwq::codec {
namespace {

class ReferenceHlwqCodec final : public HlwqCodec {
 public:
  explicit ReferenceHlwqCodec(const CodecSpec& spec) : HlwqCodec(spec) {}

 protected:
  size_t EncodeBlocks(DType dtype, std::span<const std::byte> weights, std::span<std::byte> packed,
                      std::span<std::byte> multipliers,
                      std::span<BlockSums> sums) const noexcept override {
    const size_t input_bytes = kBlockSize * BitsPerElement(dtype) / 8;
    for (size_t i = 0; i < sums.size(); ++i) {
      EncodedBlock block;
      std::array<float, kBlockSize> in;
      ToFloatReference(dtype, weights.subspan(i * input_bytes, input_bytes), in);
      if (!EncodeBlock(in, table(), scale_rule(), block)) return i;
      PackBlock(BitOrder::kMsb, table().bits(), block.codes,
                packed.subspan(i * block_bytes(), block_bytes()));
      std::memcpy(multipliers.data() + 2 * i, &block.multiplier, 2);
      sums[i] = block.sums;
    }
    return sums.size();
  }

  void DecodeBlocks(std::span<const std::byte> packed, std::span<const std::byte> multipliers,
                    DType dtype, std::span<std::byte> weights) const noexcept override {
    const size_t out_bytes = kBlockSize * BitsPerElement(dtype) / 8;
    for (size_t i = 0; i < multipliers.size() / 2; ++i) {
      std::array<uint8_t, kBlockSize> codes;
      std::array<float, kBlockSize> decoded;
      uint16_t multiplier;
      UnpackBlock(bit_order(), table().bits(), packed.subspan(i * block_bytes(), block_bytes()),
                  codes);
      std::memcpy(&multiplier, multipliers.data() + 2 * i, 2);
      DecodeBlock(codes, multiplier, table(), decoded);
      FromFloatReference(decoded, dtype, weights.subspan(i * out_bytes, out_bytes));
    }
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    ToFloatReference(dtype, in, out);
  }
};

CodecSpec DefaultHlwq() { return {.parameters = HlwqParameters(), .levels = {}}; }

SpecWords DescribeHlwq(const CodecSpec& spec) {
  const auto& hlwq = std::get<HlwqParameters>(spec.parameters);
  return {.table = hlwq.table,
          .scale_rule = std::string(ScaleRuleName(hlwq.scale_rule)),
          .bit_order = std::string(BitOrderName(hlwq.bit_order)),
          .block_size = hlwq.block_size,
          .scale_group = kBlockSize};
}

CodecParameters ParseHlwq(const SpecWords& words, int bits) {
  if (words.scale_group != kBlockSize) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("codec hlwq: want a multiplier for {} weights, got {}", kBlockSize,
                            words.scale_group));
  }
  const auto order = BitOrderFromName(words.bit_order);
  if (!order) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec hlwq: bit order '{}' does not exist for {} bits",
                            words.bit_order, bits));
  }
  return HlwqParameters{.table = words.table,
                        .scale_rule = ScaleRuleFromName(words.scale_rule),
                        .bit_order = *order,
                        .block_size = words.block_size};
}

}  // namespace

constinit const CodecRecord kHlwqRecord = {.name = kHlwqCodec,
                                           .version = 1,
                                           .min_bits = kMinBits,
                                           .max_bits = kMaxBits,
                                           .home = CodecHome::kPolarState,
                                           .default_spec = DefaultHlwq,
                                           .describe = DescribeHlwq,
                                           .parse = ParseHlwq,
                                           .make_reference = MakeReference<ReferenceHlwqCodec>};

}  // namespace hlwq::codec
