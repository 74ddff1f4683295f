#include "model/linear.h"

#include <algorithm>
#include <utility>

namespace hlwq::model {

Linear::Linear(StoredMatrix matrix, Buffer<float> bias)
    : matrix_(matrix), shape_(ShapeOf(matrix)), bias_(std::move(bias)) {}

InputForms Linear::forms() const noexcept { return FormsOf(matrix_); }

size_t Linear::row_bytes() const noexcept { return RowBytesOf(matrix_); }

void Linear::Multiply(const LinearInput& input, size_t tokens, RowRange rows, size_t stride,
                      std::span<float> y) const noexcept {
  MultiplyRows(matrix_, input, tokens, rows, stride, y);
  if (bias_.size() == 0) return;
  for (size_t token = 0; token < tokens; ++token) {
    for (size_t row = rows.begin; row < rows.end; ++row) y[token * stride + row] += bias_[row];
  }
}

void Linear::ReadRow(size_t row, std::span<float> weights) const noexcept {
  ReadWeights(matrix_, row, weights);
}

void MultiplyAll(WorkerPool& pool, const LinearInput& input, size_t tokens,
                 std::span<const Product> products) noexcept {
  // Work is cut into units of rows: for few tokens small ones, so that threads finish together and
  // a thread that is taken away holds up little; for many tokens what the kernel decodes at a time.
  constexpr size_t kPieceBytes = 32 << 10;
  size_t units = 0;
  size_t most_row_bytes = 1;
  for (const Product& product : products) {
    most_row_bytes = std::max(most_row_bytes, product.linear->row_bytes());
  }
  const size_t unit_rows = tokens <= kVectorTokens
                               ? std::clamp<size_t>(kPieceBytes / most_row_bytes / 4 * 4, 4, 512)
                               : kernels::kMatMulRows;
  const auto units_of = [&](const Product& product) {
    return (product.linear->shape().out + unit_rows - 1) / unit_rows;
  };
  for (const Product& product : products) units += units_of(product);

  pool.ParallelFor(units, 1, [&](size_t begin, size_t end, int) {
    size_t first = 0;  // unit of the product
    for (const Product& product : products) {
      const size_t last = first + units_of(product);
      const size_t from = std::max(begin, first);
      const size_t to = std::min(end, last);
      if (from < to) {
        const RowRange rows = {
            .begin = (from - first) * unit_rows,
            .end = std::min<uint64_t>((to - first) * unit_rows, product.linear->shape().out)};
        product.linear->Multiply(input, tokens, rows, product.stride, product.y);
      }
      first = last;
    }
  });
}

}  // namespace hlwq::model
