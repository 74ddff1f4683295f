// The scalar codecs: one block at a time.
#include <array>
#include <cstring>
#include <memory>

#include "codec/float_rows.h"
#include "codec/hlwq_codec.h"
#include "codec/pack_quantized_codec.h"
#include "codec/trellis_codec.h"

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

class ReferenceTrellisCodec final : public TrellisCodec {
 public:
  explicit ReferenceTrellisCodec(const CodecSpec& spec) : TrellisCodec(spec) {}

 protected:
  void TransformBlocks(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                       std::span<GroupShape> shapes) const noexcept override {
    TransformGroups(dtype, weights, v, shapes);
  }

  void EncodeBlocks(const TrellisBlocks& blocks, std::span<std::byte> codes,
                    std::span<std::byte> scales,
                    std::span<TrellisBlockSums> sums) const noexcept override {
    for (size_t i = 0; i < sums.size(); ++i) {
      const size_t group = i * kGroupsPerBlock;
      EncodeTrellisBlock(
          std::span<const float, kBlockSize>(blocks.v.subspan(i * kBlockSize, kBlockSize)),
          std::span<const GroupShape, kGroupsPerBlock>(
              blocks.shapes.subspan(group, kGroupsPerBlock)),
          blocks.row_scales[i], table(), search(), codes.subspan(i * block_bytes(), block_bytes()),
          std::span<std::byte, kGroupsPerBlock>(scales.subspan(group, kGroupsPerBlock)), sums[i]);
    }
  }

  void DecodeBlocks(std::span<const std::byte> codes, std::span<const std::byte> scales,
                    std::span<const float> row_scales, DType dtype,
                    std::span<std::byte> weights) const noexcept override {
    const size_t out_bytes = kBlockSize * BitsPerElement(dtype) / 8;
    for (size_t i = 0; i < row_scales.size(); ++i) {
      std::array<float, kBlockSize> decoded;
      DecodeTrellisBlock(codes.subspan(i * block_bytes(), block_bytes()),
                         std::span<const std::byte, kGroupsPerBlock>(
                             scales.subspan(i * kGroupsPerBlock, kGroupsPerBlock)),
                         row_scales[i], table(), decoded);
      FromFloatReference(decoded, dtype, weights.subspan(i * out_bytes, out_bytes));
    }
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    ToFloatReference(dtype, in, out);
  }
};

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

}  // namespace

std::unique_ptr<const Codec> MakeReferenceCodec(const CodecSpec& spec) {
  if (spec.name == kTrellisCodec) return std::make_unique<ReferenceTrellisCodec>(spec);
  if (spec.name == kPackQuantizedCodec) return std::make_unique<ReferencePackQuantizedCodec>(spec);
  return std::make_unique<ReferenceCodec>(spec);
}

}  // namespace hlwq::codec
