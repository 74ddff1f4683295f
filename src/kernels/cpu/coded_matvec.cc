#include <array>
#include <cstring>

#include "base/error.h"
#include "kernels/coded_matmul.h"
#include "kernels/cpu/matvec_arguments.h"
#include "kernels/cpu/target.h"
#include "tensor/float16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/coded_matvec.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/coded_matvec-inl.h"
#include "kernels/cpu/memory_dot-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one block, one code at a time

int32_t DotCodes(const MatVecArguments& args, const uint8_t* packed, size_t first) {
  const DotLevels& levels = *args.levels;
  std::array<uint8_t, codec::kBlockSize> codes;
  codec::UnpackBlock(args.order, levels.bits,
                     std::span(reinterpret_cast<const std::byte*>(packed), args.block_bytes), codes);
  int32_t sum = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (levels.width == DotWidth::kNarrow) {
      const int level = levels.narrow[codes[i]] - DotLevels::kOffset;
      sum += level * static_cast<const int8_t*>(args.activations)[first + i];
    } else {
      sum += levels.wide[codes[i]] * static_cast<const int16_t*>(args.activations)[first + i];
    }
  }
  return sum;
}

void MatVecOn(const MatVecArguments& args) {
  for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
    float sum = 0;
    for (size_t block = 0; block < args.blocks; ++block) {
      const uint8_t* packed = args.Row(row) + block * args.block_bytes;
      float norm;
      if (args.norm_dtype == DType::kF16) {
        uint16_t half;
        std::memcpy(&half, args.RowNorms(row) + 2 * block, 2);
        norm = F16ToF32(half);
      } else {
        std::memcpy(&norm, args.RowNorms(row) + 4 * block, 4);
      }
      const int32_t dot = DotCodes(args, packed, block * codec::kBlockSize);
      sum += static_cast<float>(dot) * (norm * args.scales[block]);
    }
    args.y[row] = sum * args.levels->step;
  }
}

#else

void MatVecOn(const MatVecArguments& args) {
  switch (args.levels->bits) {
    case 1:
      return MatVecWith<MemoryDot<1, int8_t> >(args);
    case 2:
      return MatVecWith<MemoryDot<2, int8_t> >(args);
    case 3:
      return MatVecWith<MemoryDot<3, int8_t> >(args);
    case 4:
      return MatVecWith<MemoryDot<4, int8_t> >(args);
    case 5:
      return MatVecWith<MemoryDot<5, int8_t> >(args);
    case 6:
      return MatVecWith<MemoryDot<6, int16_t> >(args);
    case 7:
      return MatVecWith<MemoryDot<7, int16_t> >(args);
    default:
      return MatVecWith<MemoryDot<8, int16_t> >(args);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(MatVecOn);

void CodedMatVec(const CodedMatrix& w, const RotatedInputs& inputs, size_t token, RowRange rows,
                 std::span<float> y) noexcept {
  HLWQ_DASSERT(codec::BitOrderHolds(w.order, w.levels->bits));
  HLWQ_DASSERT(w.norm_dtype == DType::kF16 || w.norm_dtype == DType::kF32);
  HLWQ_DASSERT(rows.begin <= rows.end && rows.end <= w.shape.out && y.size() == w.shape.out);
  HLWQ_DASSERT(inputs.in() == w.shape.in && token < inputs.max_tokens());
  const size_t block_bytes = codec::PackedBlockBytes(w.order, w.levels->bits);
  HLWQ_DASSERT(w.packed.size() == w.shape.out * w.blocks() * block_bytes);
  HLWQ_DASSERT(w.norms.size() == w.shape.out * w.blocks() * BitsPerElement(w.norm_dtype) / 8);
  const DotWidth width = w.levels->width;
  MatVecArguments args;
  args.order = w.order;
  args.levels = w.levels;
  args.packed = reinterpret_cast<const uint8_t*>(w.packed.data());
  args.block_bytes = block_bytes;
  args.norms = reinterpret_cast<const uint8_t*>(w.norms.data());
  args.norm_dtype = w.norm_dtype;
  args.blocks = w.blocks();
  args.rows = rows;
  args.activations = width == DotWidth::kNarrow ? static_cast<const void*>(inputs.narrow(token))
                                                : inputs.wide(token);
  args.scales = inputs.scales(token, width);
  args.sums = inputs.sums(token);
  args.y = y.data();
  HWY_DYNAMIC_DISPATCH(MatVecOn)(args);
}

}  // namespace hlwq::kernels
#endif
