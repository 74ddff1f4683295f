#include "kernels/encode_trellis.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "codec/float_rows.h"
#include "codec/trellis_block.h"
#include "kernels/cpu/encode_trellis_arguments.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/encode_trellis.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/encode_trellis-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

void TransformOn(DType dtype, const uint8_t* weights, size_t count, float* v,
                 codec::GroupShape* shapes) {
  codec::TransformGroups(dtype,
                         {reinterpret_cast<const std::byte*>(weights),
                          count * codec::kBlockSize * BitsPerElement(dtype) / 8},
                         {v, count * codec::kBlockSize}, {shapes, count * codec::kGroupsPerBlock});
}

void EncodeTrellisOn(const EncodeTrellisArguments& args) {
  const size_t block_bytes = codec::TrellisBlockBytes(args.cells->table.bits());
  for (size_t i = 0; i < args.count; ++i) {
    codec::EncodeTrellisBlock(
        std::span<const float, codec::kBlockSize>(args.v + i * codec::kBlockSize,
                                                  codec::kBlockSize),
        std::span<const codec::GroupShape, codec::kGroupsPerBlock>(
            args.shapes + i * codec::kGroupsPerBlock, codec::kGroupsPerBlock),
        args.row_scales[i], args.cells->table, *args.search,
        {reinterpret_cast<std::byte*>(args.codes) + i * block_bytes, block_bytes},
        std::span<std::byte, codec::kGroupsPerBlock>(
            reinterpret_cast<std::byte*>(args.scales) + i * codec::kGroupsPerBlock,
            codec::kGroupsPerBlock),
        args.sums[i]);
  }
}

#else

void TransformOn(DType dtype, const uint8_t* weights, size_t count, float* v,
                 codec::GroupShape* shapes) {
  switch (dtype) {
    case DType::kBF16:
      return TransformWith<Bf16Format>(weights, count, v, shapes);
    case DType::kF16:
      return TransformWith<F16Format>(weights, count, v, shapes);
    default:
      return TransformWith<F32Format>(weights, count, v, shapes);
  }
}

void EncodeTrellisOn(const EncodeTrellisArguments& args) {
  switch (args.cells->table.bits()) {
    case 2:
      return EncodeTrellisWith<2>(args);
    case 3:
      return EncodeTrellisWith<3>(args);
    case 4:
      return EncodeTrellisWith<4>(args);
    case 5:
      return EncodeTrellisWith<5>(args);
    default:
      return EncodeTrellisWith<6>(args);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(TransformOn);
HWY_EXPORT(EncodeTrellisOn);

void TransformTrellisBlocks(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                            std::span<codec::GroupShape> shapes) noexcept {
  const size_t count = v.size() / codec::kBlockSize;
  HLWQ_DASSERT(weights.size() == v.size() * BitsPerElement(dtype) / 8);
  HLWQ_DASSERT(shapes.size() == count * codec::kGroupsPerBlock);
  HWY_DYNAMIC_DISPATCH(TransformOn)
  (dtype, reinterpret_cast<const uint8_t*>(weights.data()), count, v.data(), shapes.data());
}

void EncodeTrellisBlocks(const TrellisCells& cells, const codec::TrellisSearch& search,
                         const codec::TrellisBlocks& blocks, std::span<std::byte> codes,
                         std::span<std::byte> scales,
                         std::span<codec::TrellisBlockSums> sums) noexcept {
  HLWQ_DASSERT(blocks.v.size() == sums.size() * codec::kBlockSize);
  HLWQ_DASSERT(codes.size() == sums.size() * codec::TrellisBlockBytes(cells.table.bits()));
  HLWQ_DASSERT(scales.size() == sums.size() * codec::kGroupsPerBlock);
  HWY_DYNAMIC_DISPATCH(EncodeTrellisOn)
  ({&cells, &search, blocks.v.data(), blocks.shapes.data(), blocks.row_scales.data(),
    reinterpret_cast<uint8_t*>(codes.data()), reinterpret_cast<uint8_t*>(scales.data()),
    sums.data(), sums.size()});
}

}  // namespace hlwq::kernels
#endif
