#include "calibrate/factor.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "calibrate/factorization.h"
#include "kernels/dense_matmul.h"

namespace hlwq::calibrate {
namespace {

using codec::kBlockSize;

// Of a square matrix, in place.
void Transpose(Buffer<float>& matrix, size_t side, WorkerPool& pool) {
  constexpr size_t kTile = 32;
  const size_t tiles = CeilDiv(side, kTile);
  pool.ParallelFor(tiles, 1, [&](size_t begin, size_t end, int) {
    for (size_t unit = begin; unit < end; ++unit) {
      for (size_t other = 0; other <= unit; ++other) {
        for (size_t i = unit * kTile; i < std::min((unit + 1) * kTile, side); ++i) {
          for (size_t j = other * kTile; j < std::min((other + 1) * kTile, i); ++j) {
            std::swap(matrix[i * side + j], matrix[j * side + i]);
          }
        }
      }
    }
  });
}

// Puts the columns with the largest diagonal first, rows alike. Returns which column went where.
std::vector<uint32_t> SortByDiagonal(Buffer<float>& hessian, size_t columns, WorkerPool& pool) {
  std::vector<uint32_t> order(columns);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, std::greater(),
                           [&](uint32_t column) { return hessian[column * columns + column]; });
  Buffer<float> sorted(columns * columns, Unfilled());
  pool.ParallelFor(columns, 16, [&](size_t begin, size_t end, int) {
    for (size_t row = begin; row < end; ++row) {
      const float* from = hessian.data() + order[row] * columns;
      for (size_t k = 0; k < columns; ++k) sorted[row * columns + k] = from[order[k]];
    }
  });
  hessian = std::move(sorted);
  return order;
}

// U and D, block by block of the columns that they are feedback for.
class BlockedFeedback final : public codec::Feedback {
 public:
  // From the factor, U above the diagonal of [columns, columns], and D, of the columns in `order`.
  BlockedFeedback(const Buffer<float>& u, const Buffer<float>& d, size_t columns,
                  std::vector<uint32_t> order)
      : columns_(columns), order_(std::move(order)) {
    for (size_t begin = 0; begin < columns; begin += kBlockSize) {
      const size_t width = std::min(kBlockSize, columns - begin);
      Columns block = {.before = Buffer<float>(width * begin),
                       .within = Buffer<float>(width * kBlockSize),
                       .costs = Buffer<float>(width)};
      for (size_t j = 0; j < begin; ++j) {
        for (size_t k = 0; k < width; ++k) {
          block.before[k * begin + j] = u[j * columns + begin + k];
        }
      }
      for (size_t j = 0; j < width; ++j) {
        for (size_t k = j + 1; k < width; ++k) {
          block.within[j * kBlockSize + k] = u[(begin + j) * columns + begin + k];
        }
        block.costs[j] = d[begin + j];
      }
      blocks_.push_back(std::move(block));
    }
  }

  size_t columns() const noexcept override { return columns_; }
  std::span<const uint32_t> order() const noexcept override { return order_; }
  codec::FeedbackBlock Block(size_t block) const noexcept override {
    const Columns& columns = blocks_[block];
    return {.width = columns.costs.size(),
            .within = columns.within.span(),
            .costs = columns.costs.span()};
  }
  void AddTo(size_t block, std::span<const float> errors, size_t rows,
             std::span<float> targets) const noexcept override {
    const Columns& columns = blocks_[block];
    const size_t width = columns.costs.size(), before = block * kBlockSize;
    const kernels::DenseMatrix u = {.shape = {width, before},
                                    .dtype = DType::kF32,
                                    .data = std::as_bytes(columns.before.span())};
    std::array<float, kFactorRows * kBlockSize> sums;
    for (size_t row = 0; row < rows; row += kFactorRows) {
      const size_t count = std::min(kFactorRows, rows - row);
      kernels::DenseMatMul(u, errors.subspan(row * columns_), columns_, count, {0, width},
                           kBlockSize, sums);
      for (size_t r = 0; r < count; ++r) {
        float* to = targets.data() + (row + r) * kBlockSize;
        for (size_t k = 0; k < width; ++k) to[k] += sums[r * kBlockSize + k];
      }
    }
  }

 private:
  struct Columns {
    Buffer<float> before;  // [width, first column of the block]: U_jk, k by rows
    Buffer<float> within;  // FeedbackBlock
    Buffer<float> costs;
  };

  size_t columns_ = 0;
  std::vector<uint32_t> order_;
  std::vector<Columns> blocks_;
};

}  // namespace

Buffer<float> InFeedbackBasis(Buffer<float> hessian, size_t columns, const codec::Codec& codec,
                              WorkerPool& pool) {
  const size_t wide = static_cast<size_t>(codec.FeedbackColumns(columns));
  if (wide != columns) {  // the inputs that fill up a block are zero
    Buffer<float> padded(wide * wide);
    for (size_t row = 0; row < columns; ++row) {
      std::ranges::copy(hessian.span().subspan(row * columns, columns), padded.data() + row * wide);
    }
    hessian = std::move(padded);
  }
  const auto map_rows = [&] {
    pool.ParallelFor(wide, 16, [&](size_t begin, size_t end, int) {
      std::vector<float> mapped(wide);
      for (size_t row = begin; row < end; ++row) {
        const auto values = hessian.span().subspan(row * wide, wide);
        codec.ToFeedbackBasis(values.first(columns), mapped);
        std::ranges::copy(mapped, values.begin());
      }
    });
  };
  // The rows, then the columns as rows.
  map_rows();
  Transpose(hessian, wide, pool);
  map_rows();
  return hessian;
}

std::shared_ptr<const codec::Feedback> FactorFeedback(Buffer<float> hessian, size_t columns,
                                                      double damping, ColumnOrder order,
                                                      WorkerPool& pool) {
  // Of the inputs that occur: a few that are far larger than all others would drown these in damping.
  std::vector<float> diagonal;
  for (size_t i = 0; i < columns; ++i) {
    if (hessian[i * columns + i] > 0) diagonal.push_back(hessian[i * columns + i]);
  }
  if (diagonal.empty()) return nullptr;
  const auto middle = diagonal.begin() + static_cast<ptrdiff_t>(diagonal.size() / 2);
  std::ranges::nth_element(diagonal, middle);
  const double median = *middle;
  std::vector<uint32_t> sorted;
  if (order == ColumnOrder::kLargestFirst) sorted = SortByDiagonal(hessian, columns, pool);
  Factorization factorization(std::move(hessian), columns, pool);
  while (!factorization.Run(static_cast<float>(damping * median))) damping *= 4;
  return std::make_shared<BlockedFeedback>(factorization.u(), factorization.d(), columns,
                                           std::move(sorted));
}

std::shared_ptr<const codec::Feedback> MakeFeedback(Buffer<float> hessian, size_t columns,
                                                    uint64_t tokens, double damping,
                                                    const codec::Codec& codec, WorkerPool& pool) {
  const double few =
      static_cast<double>(columns) / static_cast<double>(std::max<uint64_t>(1, tokens));
  hessian = InFeedbackBasis(std::move(hessian), columns, codec, pool);
  const auto wide = static_cast<size_t>(codec.FeedbackColumns(columns));
  const ColumnOrder order =
      codec.takes_any_order() ? ColumnOrder::kLargestFirst : ColumnOrder::kAsTheyLie;
  return FactorFeedback(std::move(hessian), wide, damping * (1 + few), order, pool);
}

}  // namespace hlwq::calibrate
