// A matrix of the model as it is stored, and products with it.
#pragma once

#include <cstddef>
#include <span>

#include "base/worker_pool.h"
#include "model/linear_input.h"
#include "model/stored_matrix.h"
#include "tensor/buffer.h"
#include "tensor/shape.h"

namespace hlwq::model {

// y = W x + b. Borrows the weights. Immutable. Thread: safe.
class Linear {
 public:
  Linear() = default;
  Linear(StoredMatrix matrix, Buffer<float> bias);  // `bias` [out], or empty

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
  StoredMatrix matrix_;
  MatrixShape shape_;
  Buffer<float> bias_;
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
