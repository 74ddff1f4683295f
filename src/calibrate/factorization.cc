#include "calibrate/factorization.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/checked.h"
#include "codec/hadamard.h"
#include "kernels/dense_matmul.h"

namespace hlwq::calibrate {
namespace {

using codec::kBlockSize;

kernels::DenseMatrix AsMatrix(const Buffer<float>& values, size_t rows, size_t columns) {
  return {.shape = {rows, columns}, .dtype = DType::kF32, .data = std::as_bytes(values.span())};
}

}  // namespace

Factorization::Factorization(Buffer<float> hessian, size_t columns, WorkerPool& pool)
    : u_(std::move(hessian)), d_(columns), columns_(columns), pool_(pool) {
  for (size_t i = 0; i < columns; ++i) diagonal_.push_back(Row(i)[i]);
}

void Factorization::Restore(float damping) {
  for (size_t i = 0; i < columns_; ++i) {
    Row(i)[i] = diagonal_[i] + damping;
    for (size_t j = i + 1; j < columns_; ++j) Row(i)[j] = Row(j)[i];
  }
}

Buffer<float> Factorization::TakeHessian() {
  Restore(0);
  return std::move(u_);
}

// Works on the upper triangle, from the last block of columns to the first: each takes what the blocks
// after it say of it, is factored, and divides the rows above it.
bool Factorization::Run(float damping) {
  Restore(damping);
  for (size_t block = CeilDiv(columns_, kBlockSize); block-- > 0;) {
    const size_t begin = block * kBlockSize, end = std::min(begin + kBlockSize, columns_);
    if (end < columns_) Subtract(begin, end);
    if (!FactorDiagonal(begin, end, damping / 2)) return false;
    if (begin > 0) Divide(begin, end);
  }
  return true;
}

// S_ik -= sum over c >= end of U_ic D_c U_kc for rows i < end and columns k of the block.
void Factorization::Subtract(size_t begin, size_t end) {
  const size_t width = end - begin, after = columns_ - end;
  Buffer<float> scaled(width * after, Unfilled());
  for (size_t k = 0; k < width; ++k) {
    for (size_t c = 0; c < after; ++c) {
      scaled[k * after + c] = Row(begin + k)[end + c] * d_[end + c];
    }
  }
  const kernels::DenseMatrix matrix = {
      .shape = {width, after}, .dtype = DType::kF32, .data = std::as_bytes(scaled.span())};
  pool_.ParallelFor(end, kFactorRows, [&](size_t first, size_t last, int) {
    std::array<float, kFactorRows * kBlockSize> sums;
    for (size_t row = first; row < last; row += kFactorRows) {
      const size_t count = std::min(kFactorRows, last - row);
      kernels::DenseMatMul(matrix, u_.span().subspan(row * columns_ + end), columns_, count,
                           {0, width}, kBlockSize, sums);
      for (size_t i = 0; i < count; ++i) {
        // Of the block itself only what is above the diagonal.
        const size_t first_column = row + i > begin ? row + i - begin : 0;
        for (size_t k = first_column; k < width; ++k) {
          Row(row + i)[begin + k] -= sums[i * kBlockSize + k];
        }
      }
    }
  });
}

bool Factorization::FactorDiagonal(size_t begin, size_t end, float least) {
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
void Factorization::Divide(size_t begin, size_t end) {
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

// X (I + U) D (I + U)^T = C: Y (I + U)^T = C from the last column to the first, then X (I + U) = Y D^-1
// from the first to the last.
void Factorization::SolveRows(std::span<float> rows) const {
  const size_t count = rows.size() / columns_, blocks = CeilDiv(columns_, kBlockSize);
  // Takes from the columns of the block what those of `others` say, whose factors are `panel` [width, others].
  const auto subtract = [&](const Buffer<float>& panel, size_t begin, size_t width, size_t others,
                            size_t first) {
    const kernels::DenseMatrix matrix = AsMatrix(panel, width, others);
    pool_.ParallelFor(count, kFactorRows, [&](size_t from, size_t to, int) {
      std::array<float, kFactorRows * kBlockSize> sums;
      for (size_t row = from; row < to; row += kFactorRows) {
        const size_t some = std::min(kFactorRows, to - row);
        kernels::DenseMatMul(matrix, rows.subspan(row * columns_ + first), columns_, some,
                             {0, width}, kBlockSize, sums);
        for (size_t i = 0; i < some; ++i) {
          float* values = rows.data() + (row + i) * columns_ + begin;
          for (size_t k = 0; k < width; ++k) values[k] -= sums[i * kBlockSize + k];
        }
      }
    });
  };
  for (size_t block = blocks; block-- > 0;) {
    const size_t begin = block * kBlockSize, end = std::min(begin + kBlockSize, columns_);
    const size_t width = end - begin, after = columns_ - end;
    if (after > 0) {
      Buffer<float> panel(width * after, Unfilled());  // [j, k]: U_jk
      for (size_t j = 0; j < width; ++j) {
        std::copy_n(Row(begin + j) + end, after, panel.data() + j * after);
      }
      subtract(panel, begin, width, after, end);
    }
    pool_.ParallelFor(count, 16, [&](size_t from, size_t to, int) {
      for (size_t row = from; row < to; ++row) {
        float* values = rows.data() + row * columns_;
        for (size_t j = end; j-- > begin;) {
          for (size_t k = j + 1; k < end; ++k) values[j] -= Row(j)[k] * values[k];
        }
      }
    });
  }
  for (size_t block = 0; block < blocks; ++block) {
    const size_t begin = block * kBlockSize, end = std::min(begin + kBlockSize, columns_);
    const size_t width = end - begin;
    pool_.ParallelFor(count, 16, [&](size_t from, size_t to, int) {
      for (size_t row = from; row < to; ++row) {
        float* values = rows.data() + row * columns_;
        for (size_t k = begin; k < end; ++k) values[k] /= d_[k];
      }
    });
    if (begin > 0) {
      Buffer<float> panel(width * begin, Unfilled());  // [k, j]: U_jk
      for (size_t j = 0; j < begin; ++j) {
        for (size_t k = 0; k < width; ++k) panel[k * begin + j] = Row(j)[begin + k];
      }
      subtract(panel, begin, width, begin, 0);
    }
    pool_.ParallelFor(count, 16, [&](size_t from, size_t to, int) {
      for (size_t row = from; row < to; ++row) {
        float* values = rows.data() + row * columns_;
        for (size_t j = begin; j < end; ++j) {
          for (size_t k = j + 1; k < end; ++k) values[k] -= Row(j)[k] * values[j];
        }
      }
    });
  }
}

}  // namespace hlwq::calibrate
