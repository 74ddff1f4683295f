#include "kernels/coded_matmul.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "codec/bitpack.h"
#include "kernels/cpu/target.h"
#include "tensor/float16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/coded_matmul.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/coded_matmul-inl.h"
#include "kernels/cpu/tile_source-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // the definition, one row and token at a time

template <typename Activation>
int32_t DotCodes(const std::array<uint8_t, codec::kBlockSize>& codes, const DotLevels& levels,
                 const Activation* activations) {
  int32_t sum = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    if constexpr (sizeof(Activation) == 1) {
      sum += (levels.narrow[codes[i]] - DotLevels::kOffset) * activations[i];
    } else {
      sum += levels.wide[codes[i]] * activations[i];
    }
  }
  return sum;
}

void MatMulOn(const CodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens, RowRange rows,
              size_t stride, float* y) {
  const DotLevels& levels = *w.levels;
  const size_t block_bytes = codec::PackedBlockBytes(w.order, levels.bits);
  const size_t norm_bytes = w.norm_dtype == DType::kF16 ? 2 : 4;
  for (size_t row = rows.begin; row < rows.end; ++row) {
    for (size_t at = 0; at < tokens.size(); ++at) y[at * stride + row] = 0;
    for (size_t block = 0; block < w.blocks(); ++block) {
      const size_t at = row * w.blocks() + block;
      std::array<uint8_t, codec::kBlockSize> codes;
      codec::UnpackBlock(w.order, levels.bits, w.packed.subspan(at * block_bytes, block_bytes),
                         codes);
      uint32_t bits = 0;
      std::memcpy(&bits, w.norms.data() + at * norm_bytes, norm_bytes);
      const float norm =
          norm_bytes == 2 ? F16ToF32(static_cast<uint16_t>(bits)) : std::bit_cast<float>(bits);
      for (size_t token = tokens.begin; token < tokens.end; ++token) {
        const size_t first = block * codec::kBlockSize;
        const int32_t sum = levels.width == DotWidth::kNarrow
                                ? DotCodes(codes, levels, inputs.narrow(token) + first)
                                : DotCodes(codes, levels, inputs.wide(token) + first);
        const float scale = inputs.scales(token, levels.width)[block];
        y[(token - tokens.begin) * stride + row] +=
            static_cast<float>(sum) * (norm * levels.step * scale);
      }
    }
  }
}

#else

void MatMulOn(const CodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens, RowRange rows,
              size_t stride, float* y) {
  MatMulOf<HlwqSource>(w, inputs, tokens, rows, stride, y);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(MatMulOn);

void CodedMatMul(const CodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept {
  HLWQ_DASSERT(w.shape.in == inputs.in() && tokens.end <= inputs.max_tokens());
  HLWQ_DASSERT(tokens.begin <= tokens.end && rows.begin <= rows.end && rows.end <= w.shape.out);
  HLWQ_DASSERT(codec::BitOrderHolds(w.order, w.levels->bits));
  HLWQ_DASSERT(w.packed.size() ==
               w.shape.out * w.blocks() * codec::PackedBlockBytes(w.order, w.levels->bits));
  HLWQ_DASSERT(w.norms.size() == w.shape.out * w.blocks() * (w.norm_dtype == DType::kF16 ? 2 : 4));
  HLWQ_DASSERT(tokens.size() == 0 || y.size() >= (tokens.size() - 1) * stride + rows.end);
  HWY_DYNAMIC_DISPATCH(MatMulOn)(w, inputs, tokens, rows, stride, y.data());
}

}  // namespace hlwq::kernels
#endif
