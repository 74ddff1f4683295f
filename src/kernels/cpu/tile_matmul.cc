#include "kernels/tile_matmul.h"

#include "base/error.h"
#include "kernels/cpu/target.h"
#include "kernels/cpu/tile_scalar.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/tile_matmul.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/coded_matmul-inl.h"
#include "kernels/cpu/tile_reader-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // as for few tokens

template <class Matrix>
void TilesTimes(const Matrix& w, const RotatedInputs& inputs, TokenRange tokens, RowRange rows,
                size_t stride, float* y) {
  const size_t size = tokens.size() == 0 ? 0 : (tokens.size() - 1) * stride + rows.end;
  CodedMatVecs(w, inputs, tokens, rows, stride, {y, size});
}

#else

template <class Matrix>
void TilesTimes(const Matrix& w, const RotatedInputs& inputs, TokenRange tokens, RowRange rows,
                size_t stride, float* y) {
  MatMulOf<InterleavedSource<Matrix> >(w, inputs, tokens, rows, stride, y);
}

#endif

void TrellisTilesTimes(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                       RowRange rows, size_t stride, float* y) {
  TilesTimes(w, inputs, tokens, rows, stride, y);
}
void CodedTilesTimes(const TiledCodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                     RowRange rows, size_t stride, float* y) {
  TilesTimes(w, inputs, tokens, rows, stride, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {
namespace {

HWY_EXPORT(TrellisTilesTimes);
HWY_EXPORT(CodedTilesTimes);

template <class Matrix>
void Check([[maybe_unused]] const Matrix& w, [[maybe_unused]] const RotatedInputs& inputs,
           [[maybe_unused]] TokenRange tokens, [[maybe_unused]] RowRange rows,
           [[maybe_unused]] size_t stride, [[maybe_unused]] std::span<float> y) {
  HLWQ_DASSERT(w.shape.in == inputs.in() && tokens.end <= inputs.max_tokens());
  HLWQ_DASSERT(tokens.begin <= tokens.end && rows.begin <= rows.end && rows.end <= w.shape.out);
  HLWQ_DASSERT(inputs.last_block() == LastBlockOf(w));
  HLWQ_DASSERT(tokens.size() == 0 || y.size() >= (tokens.size() - 1) * stride + rows.end);
}

}  // namespace

void CodedMatMul(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept {
  Check(w, inputs, tokens, rows, stride, y);
  HWY_DYNAMIC_DISPATCH(TrellisTilesTimes)(w, inputs, tokens, rows, stride, y.data());
}
void CodedMatMul(const TiledCodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept {
  Check(w, inputs, tokens, rows, stride, y);
  HWY_DYNAMIC_DISPATCH(CodedTilesTimes)(w, inputs, tokens, rows, stride, y.data());
}

}  // namespace hlwq::kernels
#endif
