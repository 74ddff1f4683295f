// Products with matrices of floats, in float32. Both functions add the products of a row in the
// same order, so that a token has the same bits alone and among others; the order depends on the
// target.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::kernels {

// W [out, in], row-major, of F16, BF16 or F32 in little-endian order; any alignment.
struct DenseMatrix {
  MatrixShape shape;
  DType dtype = DType::kF32;
  std::span<const std::byte> data;
};

// y[row] = W[row] x for the rows of the range; x [in], y of all rows of W. One row's result does
// not depend on the range. Thread: safe. Cost: memory bandwidth of the weights.
void DenseMatVec(const DenseMatrix& w, std::span<const float> x, RowRange rows,
                 std::span<float> y) noexcept;

// y[token * y_stride + row] = W[row] x_token, x_token = x[token * x_stride ..], for `tokens` tokens
// and the rows of the range. Inputs aligned to 64 bytes are fastest. Thread: safe for disjoint
// rows. Stack: 96 KiB; allocates nothing. Cost: float arithmetic, for tens of tokens and more.
void DenseMatMul(const DenseMatrix& w, std::span<const float> x, size_t x_stride, size_t tokens,
                 RowRange rows, size_t y_stride, std::span<float> y) noexcept;

}  // namespace hlwq::kernels
