// The scalar derivation of HlwqCodec: one block at a time through hlwq_block.h.
#include <array>
#include <cstring>
#include <memory>

#include "codec/float_rows.h"
#include "codec/hlwq_codec.h"

namespace hlwq::codec {
namespace {

class ReferenceCodec final : public HlwqCodec {
 public:
  explicit ReferenceCodec(const CodecSpec& spec) : HlwqCodec(spec) {}

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

}  // namespace

std::unique_ptr<const Codec> MakeReferenceCodec(const CodecSpec& spec) {
  return std::make_unique<ReferenceCodec>(spec);
}

}  // namespace hlwq::codec
