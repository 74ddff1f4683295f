#include "kernels/dense_matmul.h"

#include <cstdint>

#include "base/error.h"
#include "kernels/cpu/dense_arguments.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/dense_matmul.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/dense_matmul-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void MatVecOn(DType dtype, const DenseArguments& args) {
  switch (dtype) {
    case DType::kBF16:
      return MatVec<Bf16Format>(args);
    case DType::kF16:
      return MatVec<F16Format>(args);
    default:
      return MatVec<F32Format>(args);
  }
}

void MatMulOn(DType dtype, const DenseArguments& args) {
  switch (dtype) {
    case DType::kBF16:
      return MatMul<Bf16Format>(args);
    case DType::kF16:
      return MatMul<F16Format>(args);
    default:
      return MatMul<F32Format>(args);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(MatVecOn);
HWY_EXPORT(MatMulOn);

namespace {

DenseArguments ArgumentsFor(const DenseMatrix& w, RowRange rows) noexcept {
  HLWQ_DASSERT(IsWeightFloat(w.dtype));
  HLWQ_DASSERT(rows.begin <= rows.end && rows.end <= w.shape.out);
  const size_t row_bytes = w.shape.in * (BitsPerElement(w.dtype) / 8);
  HLWQ_DASSERT(w.data.size() == w.shape.out * row_bytes);
  DenseArguments args;
  args.w = reinterpret_cast<const uint8_t*>(w.data.data()) + rows.begin * row_bytes;
  args.rows = rows.size();
  args.in = w.shape.in;
  return args;
}

}  // namespace

void DenseMatVec(const DenseMatrix& w, std::span<const float> x, RowRange rows,
                 std::span<float> y) noexcept {
  HLWQ_DASSERT(x.size() == w.shape.in && y.size() == w.shape.out);
  DenseArguments args = ArgumentsFor(w, rows);
  args.x = x.data();
  args.y = y.data() + rows.begin;
  HWY_DYNAMIC_DISPATCH(MatVecOn)(w.dtype, args);
}

void DenseMatMul(const DenseMatrix& w, std::span<const float> x, size_t x_stride, size_t tokens,
                 RowRange rows, size_t y_stride, std::span<float> y) noexcept {
  if (tokens == 0) return;
  HLWQ_DASSERT(x.size() >= (tokens - 1) * x_stride + w.shape.in);
  HLWQ_DASSERT(y.size() >= (tokens - 1) * y_stride + rows.end);
  DenseArguments args = ArgumentsFor(w, rows);
  args.x = x.data();
  args.x_stride = x_stride;
  args.tokens = tokens;
  args.y = y.data() + rows.begin;
  args.y_stride = y_stride;
  HWY_DYNAMIC_DISPATCH(MatMulOn)(w.dtype, args);
}

}  // namespace hlwq::kernels
#endif
