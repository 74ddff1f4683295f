// A matrix of the model as it is stored, and products with it.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "base/worker_pool.h"
#include "kernels/coded_matmul.h"
#include "kernels/dense_matmul.h"
#include "model/linear_input.h"
#include "tensor/buffer.h"
#include "tensor/shape.h"

namespace hlwq::model {

// y = W x + b. Borrows the weights. Immutable. Thread: safe.
class Linear {
 public:
  using Matrix = std::variant<kernels::DenseMatrix, kernels::CodedMatrix>;

  Linear() = default;
  // `bias` [out], or empty. `levels` [2^bits] of a coded matrix, aligned to 64 bytes and padded to
  // 256; needed for ReadRow only.
  Linear(Matrix matrix, Buffer<float> bias, const float* levels = nullptr);

  MatrixShape shape() const noexcept { return shape_; }
  InputForms forms() const noexcept;
  // Stored bytes of one row.
  size_t row_bytes() const noexcept;
  uint64_t bytes() const noexcept { return row_bytes() * shape_.out; }

  // y[token * stride + row] for `tokens` tokens of the input and the rows of the range.
  void Multiply(const LinearInput& input, size_t tokens, RowRange rows, size_t stride,
                std::span<float> y) const noexcept;
  // The weights of one row [in], as an embedding.
  void ReadRow(size_t row, std::span<float> weights) const noexcept;

 private:
  Matrix matrix_;
  MatrixShape shape_;
  Buffer<float> bias_;
  const float* levels_ = nullptr;
};

// One product among those that MultiplyAll does together.
struct Product {
  const Linear* linear = nullptr;
  std::span<float> y;  // [tokens, stride]
  size_t stride = 0;
};

// Multiplies matrices that share an input in one parallel region. `input` is sealed with the forms
// of all of them. Results do not depend on the number of threads.
void MultiplyAll(WorkerPool& pool, const LinearInput& input, size_t tokens,
                 std::span<const Product> products) noexcept;

}  // namespace hlwq::model
