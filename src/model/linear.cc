#include "model/linear.h"

#include <algorithm>
#include <utility>

namespace hlwq::model {
namespace {

// Work is cut into units of rows: for tiles what the kernel decodes at a time; for few tokens pieces
// of a matrix, so that threads finish together and a thread that is taken away holds up little. What is asked for
// beyond the end of a piece (kernels/cpu/read_ahead.h) is often another thread's: pieces are many times as long.
size_t UnitRows(const Product& product) noexcept {
  constexpr size_t kLeastBytes = 32 << 10, kMostBytes = 256 << 10, kPieces = 32;
  if (product.tokens.size() > product.short_tokens) return kernels::kMatMulRows;
  const StoredMatrix& matrix = *product.matrix;
  const size_t unit = RowUnitOf(matrix);
  const size_t bytes = std::clamp<size_t>(BytesOf(matrix) / kPieces, kLeastBytes, kMostBytes);
  return std::clamp<size_t>(bytes / RowBytesOf(matrix) / unit * unit, unit, 512);
}

void MultiplyUnits(const Product& product, size_t begin, size_t end) noexcept {
  const size_t unit_rows = UnitRows(product);
  const RowRange rows = {.begin = begin * unit_rows,
                         .end = std::min<uint64_t>(end * unit_rows, ShapeOf(*product.matrix).out)};
  const size_t tokens = product.tokens.size(), shorts = product.tokens.begin + product.short_tokens;
  const size_t out = ShapeOf(*product.matrix).out, stride = product.y.stride;
  const std::span<float> y(product.y.data, (tokens - 1) * stride + out);
  MultiplyVectors(*product.matrix, *product.input, {product.tokens.begin, shorts}, rows, stride, y);
  if (shorts < product.tokens.end) {
    MultiplyTiles(*product.matrix, *product.input, {shorts, product.tokens.end}, rows, stride,
                  y.subspan(product.short_tokens * stride));
  }
  if (product.bias.empty()) return;
  for (size_t token = 0; token < tokens; ++token) {
    for (size_t row = rows.begin; row < rows.end; ++row)
      y[token * stride + row] += product.bias[row];
  }
}

}  // namespace

Linear::Linear(StoredMatrix matrix, Buffer<float> bias)
    : matrix_(matrix), shape_(ShapeOf(matrix)), bias_(std::move(bias)) {}

void Linear::ReadRow(size_t row, std::span<float> weights) const noexcept {
  ReadWeights(matrix_, row, weights);
}

Product Times(const Linear& linear, const LinearInput& input, TokenCount count,
              kernels::RowSpan<float> y) noexcept {
  return {.matrix = &linear.matrix(),
          .bias = linear.bias(),
          .input = &input,
          .tokens = {0, count.tokens},
          .short_tokens = count.short_tokens,
          .y = y};
}

void MultiplyAll(WorkerPool& pool, std::span<Product> products) noexcept {
  size_t units = 0;
  for (Product& product : products) {
    const size_t unit_rows = UnitRows(product);
    product.first_unit = units;
    units += (ShapeOf(*product.matrix).out + unit_rows - 1) / unit_rows;
  }
  pool.ParallelFor(units, 1, [&](size_t begin, size_t end, int) {
    auto next = std::upper_bound(
        products.begin(), products.end(), begin,
        [](size_t unit, const Product& product) { return unit < product.first_unit; });
    while (begin < end) {
      const Product& product = *(next - 1);
      const size_t last = next == products.end() ? units : next->first_unit;
      const size_t to = std::min(end, last);
      MultiplyUnits(product, begin - product.first_unit, to - product.first_unit);
      begin = to;
      ++next;
    }
  });
}

}  // namespace hlwq::model
