// H = sum x x^T over the inputs x of a matrix: what errors in its weights do to its outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/page_memory.h"
#include "base/worker_pool.h"
#include "kernels/row_span.h"
#include "tensor/buffer.h"

namespace hlwq::calibrate {

// Grows by tokens. Sums of a few hundred tokens are made in float32, those of all in float64, so that
// the result does not depend on the number of threads. Memory: 4 n^2 bytes.
class Hessian {
 public:
  explicit Hessian(size_t columns);

  size_t columns() const noexcept { return columns_; }
  uint64_t tokens() const noexcept { return tokens_; }

  // Adds inputs, [tokens, columns]. Cost: tokens * n^2 / 2 multiply-adds.
  void Add(kernels::RowSpan<const float> inputs, WorkerPool& pool);

  // [n, n] as float32, both halves; scaled so that the mean of the diagonal is 1. All zeros where every
  // input was. The sums are used up.
  Buffer<float> TakeNormalised();
  // The mean of the diagonal: of the squares of an input, times the tokens.
  double mean_diagonal() const noexcept;
  bool is_finite() const noexcept;

 private:
  size_t columns_ = 0;
  uint64_t tokens_ = 0;
  // Of the lower triangle: some rows each, up to the last one's end. Each is given back to the system when it is
  // used up, whatever thread had made it.
  std::vector<PageMemory> strips_;

  std::span<double> Strip(size_t index) const noexcept;
};

// Sum of y x^T over tokens, [rows, columns] in float32. Does not depend on the number of threads.
class CrossSums {
 public:
  CrossSums(size_t rows, size_t columns) : rows_(rows), columns_(columns), sums_(rows * columns) {}

  // y [tokens, rows], x [tokens, columns]. Cost: tokens * rows * columns multiply-adds.
  void Add(kernels::RowSpan<const float> y, kernels::RowSpan<const float> x, WorkerPool& pool);
  size_t columns() const noexcept { return columns_; }
  Buffer<float> Take() { return std::move(sums_); }

 private:
  size_t rows_ = 0, columns_ = 0;
  Buffer<float> sums_;
};

}  // namespace hlwq::calibrate
