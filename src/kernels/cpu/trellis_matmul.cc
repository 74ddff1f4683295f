#include "kernels/trellis_matmul.h"
#include "base/error.h"
#include "codec/group_scale.h"
#include "kernels/cpu/target.h"
#include "kernels/cpu/trellis_scalar.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/trellis_matmul.cc"
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

#if HWY_TARGET == HWY_SCALAR  // the definition, one block and token at a time

void TrellisMatMulOn(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                     RowRange rows, size_t stride, float* y) {
  for (size_t row = rows.begin; row < rows.end; ++row) {
    for (size_t at = 0; at < tokens.size(); ++at) y[at * stride + row] = 0;
    const float row_scale = codec::RowScaleAt(w.row_scales, row);
    for (size_t block = 0; block < w.blocks(); ++block) {
      const size_t at = row * w.blocks() + block;
      const auto integers = TrellisIntegers(w.codes.data() + at * w.block_bytes(), *w.levels);
      const size_t first = block * codec::kBlockSize;
      for (size_t token = tokens.begin; token < tokens.end; ++token) {
        float sum = 0;
        for (size_t half = 0; half < codec::kGroupsPerBlock; ++half) {
          const int32_t dot = w.levels->width == DotWidth::kNarrow
                                  ? DotGroup(integers, half, inputs.narrow(token) + first)
                                  : DotGroup(integers, half, inputs.wide(token) + first);
          const auto scale = static_cast<uint8_t>(w.scales[2 * at + half]);
          sum += static_cast<float>(dot) * (codec::GroupFactor(scale) * row_scale);
        }
        y[(token - tokens.begin) * stride + row] +=
            sum * inputs.scales(token, w.levels->width)[block];
      }
    }
  }
}

#else

void TrellisMatMulOn(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                     RowRange rows, size_t stride, float* y) {
  MatMulOf<TrellisSource>(w, inputs, tokens, rows, stride, y);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(TrellisMatMulOn);

void CodedMatMul(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept {
  HLWQ_DASSERT(w.shape.in == inputs.in() && tokens.end <= inputs.max_tokens());
  HLWQ_DASSERT(tokens.begin <= tokens.end && rows.begin <= rows.end && rows.end <= w.shape.out);
  HLWQ_DASSERT(w.codes.size() == w.shape.out * w.blocks() * w.block_bytes());
  HLWQ_DASSERT(w.scales.size() == w.shape.out * w.blocks() * 2);
  HLWQ_DASSERT(w.row_scales.size() == w.shape.out * codec::kRowScaleBytes);
  HLWQ_DASSERT(tokens.size() == 0 || y.size() >= (tokens.size() - 1) * stride + rows.end);
  HWY_DYNAMIC_DISPATCH(TrellisMatMulOn)(w, inputs, tokens, rows, stride, y.data());
}

}  // namespace hlwq::kernels
#endif
