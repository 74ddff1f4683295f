// A matrix of the model as it is stored, and products with it.
#pragma once

#include <cstddef>
#include <cstdint>
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

  const StoredMatrix& matrix() const noexcept { return matrix_; }
  std::span<const float> bias() const noexcept { return bias_.span(); }  // [out], or empty
  MatrixShape shape() const noexcept { return shape_; }
  InputForms forms() const noexcept { return FormsOf(matrix_); }
  // Stored bytes of one row.
  size_t row_bytes() const noexcept { return RowBytesOf(matrix_); }
  uint64_t bytes() const noexcept { return BytesOf(matrix_); }

  // The weights of one row [in], as an embedding.
  void ReadRow(size_t row, std::span<float> weights) const noexcept;

 private:
  StoredMatrix matrix_;
  MatrixShape shape_;
  Buffer<float> bias_;
};

// One product among those that MultiplyAll does together. The input is sealed with the forms of the
// matrix.
struct Product {
  const StoredMatrix* matrix = nullptr;
  std::span<const float> bias;  // [out], or empty
  const LinearInput* input = nullptr;
  kernels::TokenRange tokens;
  size_t short_tokens = 0;    // the first of them: those of short segments (layer.h)
  kernels::RowSpan<float> y;  // [tokens.size(), out]

  size_t first_unit = 0;  // of work; set by MultiplyAll
};

// The product with the first tokens of an input; `y` has as many rows, or more.
Product Times(const Linear& linear, const LinearInput& input, TokenCount count,
              kernels::RowSpan<float> y) noexcept;

// Does them in one parallel region. Results do not depend on the number of threads, nor on which
// products or tokens are done together. Allocates nothing.
void MultiplyAll(WorkerPool& pool, std::span<Product> products) noexcept;

}  // namespace hlwq::model
