#include "kernels/decode_trellis.h"

#include <array>

#include "base/error.h"
#include "codec/float_rows.h"
#include "codec/trellis_block.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/decode_trellis.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/decode_trellis-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

void DecodeTrellisOn(const TrellisCodedBlocks& blocks, DType dtype, uint8_t* weights) {
  const size_t block_bytes = codec::TrellisBlockBytes(blocks.table->bits());
  const size_t out_bytes = codec::kBlockSize * BitsPerElement(dtype) / 8;
  for (size_t i = 0; i < blocks.row_scales.size(); ++i) {
    std::array<float, codec::kBlockSize> decoded;
    codec::DecodeTrellisBlock(
        blocks.codes.subspan(i * block_bytes, block_bytes),
        std::span<const std::byte, codec::kGroupsPerBlock>(
            blocks.scales.subspan(i * codec::kGroupsPerBlock, codec::kGroupsPerBlock)),
        blocks.row_scales[i], *blocks.table, decoded);
    auto* out = reinterpret_cast<std::byte*>(weights + i * out_bytes);
    codec::FromFloatReference(decoded, dtype, {out, out_bytes});
  }
}

#else

void DecodeTrellisOn(const TrellisCodedBlocks& blocks, DType dtype, uint8_t* weights) {
  switch (dtype) {
    case DType::kBF16:
      return DecodeTrellisTo<Bf16Format>(blocks, weights);
    case DType::kF16:
      return DecodeTrellisTo<F16Format>(blocks, weights);
    default:
      return DecodeTrellisTo<F32Format>(blocks, weights);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(DecodeTrellisOn);

void DecodeTrellisBlocks(const TrellisCodedBlocks& blocks, DType dtype,
                         std::span<std::byte> weights) noexcept {
  [[maybe_unused]] const size_t count = blocks.row_scales.size();
  HLWQ_DASSERT(IsWeightFloat(dtype));
  HLWQ_DASSERT(weights.size() == count * codec::kBlockSize * BitsPerElement(dtype) / 8);
  HLWQ_DASSERT(blocks.codes.size() == count * codec::TrellisBlockBytes(blocks.table->bits()));
  HLWQ_DASSERT(blocks.scales.size() == count * codec::kGroupsPerBlock);
  HWY_DYNAMIC_DISPATCH(DecodeTrellisOn)
  (blocks, dtype, reinterpret_cast<uint8_t*>(weights.data()));
}

}  // namespace hlwq::kernels
#endif
