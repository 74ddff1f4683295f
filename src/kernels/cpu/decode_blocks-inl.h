// Codes to weights, one block at a time: unpack, levels, transform, scale, round.
#if defined(HLWQ_KERNELS_CPU_DECODE_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_DECODE_BLOCKS_INL_H_
#undef HLWQ_KERNELS_CPU_DECODE_BLOCKS_INL_H_
#else
#define HLWQ_KERNELS_CPU_DECODE_BLOCKS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/bitpack-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/lookup-inl.h"
#include "kernels/decode_blocks.h"
#include "tensor/float16.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// The table of 2^kBits levels in the smallest form that Lookup knows.
template <int kBits>
using LevelLookup = Lookup<float, (kBits <= 4 ? 16 : size_t{1} << kBits)>;

// The bit orders of legacy files; only `kMsb` is worth a vector unpacker.
inline HWY_ATTR void UnpackLegacy(codec::BitOrder order, int bits, const uint8_t* packed,
                                  size_t block_bytes, uint8_t* codes) {
  codec::UnpackBlock(order, bits,
                     std::span(reinterpret_cast<const std::byte*>(packed), block_bytes),
                     std::span<uint8_t, kBlock>(codes, kBlock));
}

template <int kBits, class Format>
HWY_ATTR void DecodeWith(const CodedBlocks& blocks, uint8_t* HWY_RESTRICT weights) {
  const LevelLookup<kBits> levels(blocks.levels);
  const size_t block_bytes = codec::PackedBlockBytes(blocks.order, kBits);
  const size_t count = blocks.multipliers.size() / 2;
  const hn::Rebind<uint8_t, DF> d8;
  alignas(64) uint8_t codes[kBlock];
  for (size_t i = 0; i < count; ++i) {
    const auto* packed = reinterpret_cast<const uint8_t*>(blocks.packed.data()) + i * block_bytes;
    if (blocks.order == codec::BitOrder::kMsb) {
      UnpackBlockCodes<kBits>(packed, (count - 1 - i) * block_bytes, codes);
    } else {
      UnpackLegacy(blocks.order, kBits, packed, block_bytes, codes);
    }
    BlockVectors block;
    for (size_t j = 0; j < kVectors; ++j) {
      block.v[j] = levels(hn::PromoteTo(DI(), hn::LoadU(d8, codes + j * kLanes)));
    }
    Fwht128(block);
    uint16_t multiplier;
    std::memcpy(&multiplier, blocks.multipliers.data() + 2 * i, 2);
    const VF scale = hn::Set(DF(), F16ToF32(multiplier) * (1.0f / kBlock));
    uint8_t* out = weights + i * kBlock * Format::kBytes;
    for (size_t j = 0; j < kVectors; ++j) {
      Format::Store(hn::Mul(block.v[j], scale), out + j * kLanes * Format::kBytes);
    }
  }
}

template <class Format>
HWY_ATTR void DecodeTo(const CodedBlocks& blocks, uint8_t* HWY_RESTRICT weights) {
  switch (blocks.bits) {
    case 1:
      return DecodeWith<1, Format>(blocks, weights);
    case 2:
      return DecodeWith<2, Format>(blocks, weights);
    case 3:
      return DecodeWith<3, Format>(blocks, weights);
    case 4:
      return DecodeWith<4, Format>(blocks, weights);
    case 5:
      return DecodeWith<5, Format>(blocks, weights);
    case 6:
      return DecodeWith<6, Format>(blocks, weights);
    case 7:
      return DecodeWith<7, Format>(blocks, weights);
    default:
      return DecodeWith<8, Format>(blocks, weights);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
