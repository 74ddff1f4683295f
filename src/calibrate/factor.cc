#include "calibrate/factor.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "kernels/dense_matmul.h"

namespace hlwq::calibrate {
namespace {

using codec::kBlockSize;

// Rows of the factor that are worked on together.
constexpr size_t kRows = 96;

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
    std::array<float, kRows * kBlockSize> sums;
    for (size_t row = 0; row < rows; row += kRows) {
      const size_t count = std::min(kRows, rows - row);
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

// Works on the upper triangle, from the last block of columns to the first: each takes what the blocks
// after it say of it, is factored, and divides the rows above it.
class Factorization {
 public:
  Factorization(Buffer<float> hessian, size_t columns, WorkerPool& pool)
      : u_(std::move(hessian)), d_(columns), columns_(columns), pool_(pool) {
    for (size_t i = 0; i < columns; ++i) diagonal_.push_back(Row(i)[i]);
  }

  // Null where rounding took away what damping gave, as inputs depend on each other too much.
  std::shared_ptr<const codec::Feedback> Run(float damping, const std::vector<uint32_t>& order) {
    for (size_t i = 0; i < columns_; ++i) {
      Row(i)[i] = diagonal_[i] + damping;
      for (size_t j = i + 1; j < columns_; ++j) Row(i)[j] = Row(j)[i];
    }
    for (size_t block = CeilDiv(columns_, kBlockSize); block-- > 0;) {
      const size_t begin = block * kBlockSize, end = std::min(begin + kBlockSize, columns_);
      if (end < columns_) Subtract(begin, end);
      if (!FactorDiagonal(begin, end, damping / 2)) return nullptr;
      if (begin > 0) Divide(begin, end);
    }
    return std::make_shared<BlockedFeedback>(u_, d_, columns_, order);
  }

 private:
  Buffer<float> u_;  // below the diagonal the Hessian stays
  Buffer<float> d_;
  std::vector<float> diagonal_;  // of the Hessian
  size_t columns_ = 0;
  WorkerPool& pool_;

  float* Row(size_t row) { return u_.data() + row * columns_; }

  // S_ik -= sum over c >= end of U_ic D_c U_kc for rows i < end and columns k of the block.
  void Subtract(size_t begin, size_t end) {
    const size_t width = end - begin, after = columns_ - end;
    Buffer<float> scaled(width * after, Unfilled());
    for (size_t k = 0; k < width; ++k) {
      for (size_t c = 0; c < after; ++c) {
        scaled[k * after + c] = Row(begin + k)[end + c] * d_[end + c];
      }
    }
    const kernels::DenseMatrix matrix = {
        .shape = {width, after}, .dtype = DType::kF32, .data = std::as_bytes(scaled.span())};
    pool_.ParallelFor(end, kRows, [&](size_t first, size_t last, int) {
      std::array<float, kRows * kBlockSize> sums;
      for (size_t row = first; row < last; row += kRows) {
        const size_t count = std::min(kRows, last - row);
        kernels::DenseMatMul(matrix, u_.span().subspan(row * columns_ + end), columns_, count,
                             {0, width}, kBlockSize, sums);
        for (size_t i = 0; i < count; ++i) {
          for (size_t k = 0; k < width; ++k) Row(row + i)[begin + k] -= sums[i * kBlockSize + k];
        }
      }
    });
  }

  bool FactorDiagonal(size_t begin, size_t end, float least) {
    for (size_t k = end; k-- > begin;) {
      d_[k] = Row(k)[k];
      if (!(d_[k] >= least)) return false;
      for (size_t i = begin; i < k; ++i) {
        const float u = Row(i)[k] / d_[k];
        for (size_t j = begin; j <= i; ++j) Row(j)[i] -= u * Row(j)[k];
      }
      for (size_t i = begin; i < k; ++i) Row(i)[k] /= d_[k];
    }
    return true;
  }

  // U_ik D_k = S_ik - sum over later columns c of the block of U_ic D_c U_kc, rows i above the block.
  void Divide(size_t begin, size_t end) {
    const size_t width = end - begin;
    std::vector<float> scaled(width * width);  // [c, k]: D_c U_kc
    for (size_t c = 0; c < width; ++c) {
      for (size_t k = 0; k < c; ++k) {
        scaled[c * width + k] = d_[begin + c] * Row(begin + k)[begin + c];
      }
    }
    pool_.ParallelFor(begin, 16, [&](size_t first, size_t last, int) {
      for (size_t row = first; row < last; ++row) {
        float* values = Row(row) + begin;
        for (size_t c = width; c-- > 0;) {
          const float u = values[c] / d_[begin + c];
          const float* factors = scaled.data() + c * width;
          for (size_t k = 0; k < c; ++k) values[k] -= u * factors[k];
          values[c] = u;
        }
      }
    });
  }
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
  for (;; damping *= 4) {
    auto feedback = factorization.Run(static_cast<float>(damping * median), sorted);
    if (feedback) return feedback;
  }
}

}  // namespace hlwq::calibrate
