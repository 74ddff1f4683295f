#include "calibrate/hessian.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "kernels/dense_matmul.h"

namespace hlwq::calibrate {
namespace {

constexpr size_t kStrip = 96;    // rows of H that are made together,
constexpr size_t kTile = 256;    // and columns
constexpr size_t kTokens = 512;  // summed in float32, at most
constexpr size_t kSpare =
    16;  // zeros after them, so that rows do not crowd into a part of the cache
constexpr size_t kTranspose = 16;

// inputs [tokens, n] -> [n, tokens + kSpare].
void Transpose(kernels::RowSpan<const float> inputs, size_t begin, size_t end, float* to) {
  const size_t stride = inputs.rows + kSpare;
  for (size_t column = begin; column < end; column += kTranspose) {
    const size_t last = std::min(column + kTranspose, end);
    for (size_t token = 0; token < inputs.rows; ++token) {
      const float* row = inputs[token].data();
      for (size_t c = column; c < last; ++c) to[c * stride + token] = row[c];
    }
    for (size_t c = column; c < last; ++c) {
      std::fill_n(to + c * stride + inputs.rows, kSpare, 0.0f);
    }
  }
}

// [n, tokens + kSpare] of some tokens.
Buffer<float> Across(kernels::RowSpan<const float> inputs, WorkerPool& pool) {
  Buffer<float> across(inputs.width * (inputs.rows + kSpare), Unfilled());
  pool.ParallelFor(inputs.width, kTranspose, [&](size_t begin, size_t end, int) {
    Transpose(inputs, begin, end, across.data());
  });
  return across;
}

kernels::DenseMatrix RowsAcross(const Buffer<float>& across, size_t stride, size_t first,
                                size_t count) {
  return {.shape = {count, stride},
          .dtype = DType::kF32,
          .data = std::as_bytes(across.span().subspan(first * stride, count * stride))};
}

}  // namespace

Hessian::Hessian(size_t columns) : columns_(columns) {
  for (size_t begin = 0; begin < columns; begin += kStrip) {
    const size_t end = std::min(begin + kStrip, columns);
    strips_.emplace_back((end - begin) * end);
  }
}

void Hessian::Add(kernels::RowSpan<const float> inputs, WorkerPool& pool) {
  tokens_ += inputs.rows;
  struct Tile {
    size_t strip, column;
  };
  std::vector<Tile> tiles;
  for (size_t strip = 0; strip * kStrip < columns_; ++strip) {
    const size_t last = std::min((strip + 1) * kStrip, columns_);
    for (size_t column = 0; column < last; column += kTile) tiles.push_back({strip, column});
  }
  std::vector<Buffer<float>> products;
  for (int i = 0; i < pool.threads(); ++i) products.emplace_back(kStrip * kTile, Unfilled());
  for (size_t first = 0; first < inputs.rows; first += kTokens) {
    const auto some = inputs[{first, std::min(first + kTokens, inputs.rows)}];
    const size_t stride = some.rows + kSpare;
    const Buffer<float> across = Across(some, pool);
    pool.ParallelFor(tiles.size(), 1, [&](size_t begin, size_t end, int worker) {
      for (size_t tile = begin; tile < end; ++tile) {
        const auto [strip, column] = tiles[tile];
        const size_t row = strip * kStrip, last = std::min(row + kStrip, columns_);
        const size_t width = std::min(kTile, last - column);
        const std::span<float> product = products[static_cast<size_t>(worker)].span();
        const kernels::DenseMatrix left = RowsAcross(across, stride, column, width);
        kernels::DenseMatMul(left, across.span().subspan(row * stride), stride, last - row,
                             {0, width}, kTile, product);
        double* sums = strips_[strip].data() + column;
        for (size_t i = 0; i < last - row; ++i) {
          for (size_t k = 0; k < width; ++k) sums[i * last + k] += double{product[i * kTile + k]};
        }
      }
    });
  }
}

double Hessian::mean_diagonal() const noexcept {
  double diagonal = 0;
  for (size_t row = 0; row < columns_; ++row) {
    const size_t strip = row / kStrip, end = std::min((strip + 1) * kStrip, columns_);
    diagonal += strips_[strip][(row - strip * kStrip) * end + row];
  }
  return diagonal / static_cast<double>(columns_);
}

bool Hessian::is_finite() const noexcept {
  return std::ranges::all_of(strips_, [](const Buffer<double>& strip) {
    return std::ranges::all_of(strip.span(), [](double sum) { return std::isfinite(sum); });
  });
}

Buffer<float> Hessian::TakeNormalised() {
  const double mean = mean_diagonal();
  const double scale = mean > 0 ? 1 / mean : 0;
  // From the end, so that what is written takes the place of what was read.
  Buffer<float> all(columns_ * columns_, Unfilled());
  for (size_t strip = strips_.size(); strip-- > 0;) {
    const size_t begin = strip * kStrip, end = std::min(begin + kStrip, columns_);
    const double* sums = strips_[strip].data();
    for (size_t row = begin; row < end; ++row, sums += end) {
      for (size_t column = 0; column <= row; ++column) {
        const auto value = static_cast<float>(sums[column] * scale);
        all[row * columns_ + column] = value;
        all[column * columns_ + row] = value;
      }
    }
    strips_.pop_back();
  }
  return all;
}

void CrossSums::Add(kernels::RowSpan<const float> y, kernels::RowSpan<const float> x,
                    WorkerPool& pool) {
  const size_t strips = CeilDiv(rows_, kStrip), tiles = CeilDiv(columns_, kTile);
  std::vector<Buffer<float>> products;
  for (int i = 0; i < pool.threads(); ++i) products.emplace_back(kStrip * kTile, Unfilled());
  for (size_t first = 0; first < x.rows; first += kTokens) {
    const kernels::TokenRange some = {first, std::min(first + kTokens, x.rows)};
    const size_t stride = some.size() + kSpare;
    const Buffer<float> of_y = Across(y[some], pool), of_x = Across(x[some], pool);
    pool.ParallelFor(strips * tiles, 1, [&](size_t begin, size_t end, int worker) {
      for (size_t tile = begin; tile < end; ++tile) {
        const size_t row = tile / tiles * kStrip, column = tile % tiles * kTile;
        const size_t rows = std::min(kStrip, rows_ - row);
        const size_t width = std::min(kTile, columns_ - column);
        const std::span<float> product = products[static_cast<size_t>(worker)].span();
        kernels::DenseMatMul(RowsAcross(of_x, stride, column, width),
                             of_y.span().subspan(row * stride), stride, rows, {0, width}, kTile,
                             product);
        for (size_t i = 0; i < rows; ++i) {
          float* sums = sums_.data() + (row + i) * columns_ + column;
          for (size_t k = 0; k < width; ++k) sums[k] += product[i * kTile + k];
        }
      }
    });
  }
}

}  // namespace hlwq::calibrate
