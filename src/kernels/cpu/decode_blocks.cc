#include "kernels/decode_blocks.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "codec/float_rows.h"
#include "codec/hlwq_block.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/decode_blocks.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/decode_blocks-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

void DecodeOn(const CodedBlocks& blocks, DType dtype, uint8_t* weights) {
  const codec::LevelTable table({blocks.levels, size_t{1} << blocks.bits});
  const size_t block_bytes = codec::PackedBlockBytes(blocks.order, blocks.bits);
  const size_t out_bytes = codec::kBlockSize * BitsPerElement(dtype) / 8;
  for (size_t i = 0; i < blocks.multipliers.size() / 2; ++i) {
    std::array<uint8_t, codec::kBlockSize> codes;
    std::array<float, codec::kBlockSize> decoded;
    uint16_t multiplier;
    codec::UnpackBlock(blocks.order, blocks.bits,
                       blocks.packed.subspan(i * block_bytes, block_bytes), codes);
    std::memcpy(&multiplier, blocks.multipliers.data() + 2 * i, 2);
    codec::DecodeBlock(codes, multiplier, table, decoded);
    auto* out = reinterpret_cast<std::byte*>(weights + i * out_bytes);
    codec::FromFloatReference(decoded, dtype, {out, out_bytes});
  }
}

#else

void DecodeOn(const CodedBlocks& blocks, DType dtype, uint8_t* weights) {
  switch (dtype) {
    case DType::kBF16:
      return DecodeTo<Bf16Format>(blocks, weights);
    case DType::kF16:
      return DecodeTo<F16Format>(blocks, weights);
    default:
      return DecodeTo<F32Format>(blocks, weights);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(DecodeOn);

void DecodeBlocks(const CodedBlocks& blocks, DType dtype, std::span<std::byte> weights) noexcept {
  HLWQ_DASSERT(IsWeightFloat(dtype));
  HLWQ_DASSERT(weights.size() ==
               blocks.multipliers.size() / 2 * codec::kBlockSize * BitsPerElement(dtype) / 8);
  HWY_DYNAMIC_DISPATCH(DecodeOn)(blocks, dtype, reinterpret_cast<uint8_t*>(weights.data()));
}

}  // namespace hlwq::kernels
#endif
