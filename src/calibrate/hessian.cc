#include "calibrate/hessian.h"

#include <algorithm>
#include <cmath>

#include "kernels/outer_products.h"

namespace hlwq::calibrate {
namespace {

constexpr size_t kStrip = 96;    // rows of H that are made together,
constexpr size_t kTile = 288;    // and columns
constexpr size_t kTokens = 512;  // summed in float32, at most

using kernels::RowSpan;

// A tile of left^T right: columns of the left side, which are its rows, and of the right one.
struct Tile {
  size_t row, rows;
  size_t column, columns;
};

// Calls add(tile, product) for each of the tiles and some tokens at a time, product [kStrip, kTile]: the sums
// of these. Tiles are divided among threads, and each sees its tokens in order.
template <typename Add>
void ForEachProduct(RowSpan<const float> left, RowSpan<const float> right,
                    const std::vector<Tile>& tiles, WorkerPool& pool, Add add) {
  std::vector<Buffer<float>> products;
  for (int i = 0; i < pool.threads(); ++i) products.emplace_back(kStrip * kTile, Unfilled());
  for (size_t first = 0; first < left.rows; first += kTokens) {
    const kernels::TokenRange some = {first, std::min(first + kTokens, left.rows)};
    pool.ParallelFor(tiles.size(), 1, [&](size_t begin, size_t end, int worker) {
      const std::span<float> product = products[static_cast<size_t>(worker)].span();
      for (size_t i = begin; i < end; ++i) {
        const Tile& tile = tiles[i];
        std::ranges::fill(product, 0.0f);
        kernels::AddOuterProducts(left[some].Columns(tile.row, tile.rows),
                                  right[some].Columns(tile.column, tile.columns), kTile, product);
        add(tile, product.data());
      }
    });
  }
}

}  // namespace

Hessian::Hessian(size_t columns) : columns_(columns) {
  for (size_t begin = 0; begin < columns; begin += kStrip) {
    const size_t end = std::min(begin + kStrip, columns);
    strips_.emplace_back((end - begin) * end * sizeof(double));
  }
}

std::span<double> Hessian::Strip(size_t index) const noexcept {
  const std::span<std::byte> bytes = strips_[index].bytes();
  return {reinterpret_cast<double*>(bytes.data()), bytes.size() / sizeof(double)};
}

void Hessian::Add(RowSpan<const float> inputs, WorkerPool& pool) {
  tokens_ += inputs.rows;
  std::vector<Tile> tiles;
  for (size_t row = 0; row < columns_; row += kStrip) {
    const size_t end = std::min(row + kStrip, columns_);
    for (size_t column = 0; column < end; column += kTile) {
      tiles.push_back({row, end - row, column, std::min(kTile, end - column)});
    }
  }
  ForEachProduct(inputs, inputs, tiles, pool, [&](const Tile& tile, const float* product) {
    double* sums = Strip(tile.row / kStrip).data() + tile.column;
    for (size_t i = 0; i < tile.rows; ++i, sums += tile.row + tile.rows, product += kTile) {
      for (size_t k = 0; k < tile.columns; ++k) sums[k] += double{product[k]};
    }
  });
}

double Hessian::mean_diagonal() const noexcept {
  double diagonal = 0;
  for (size_t row = 0; row < columns_; ++row) {
    const size_t strip = row / kStrip, end = std::min((strip + 1) * kStrip, columns_);
    diagonal += Strip(strip)[(row - strip * kStrip) * end + row];
  }
  return diagonal / static_cast<double>(columns_);
}

bool Hessian::is_finite() const noexcept {
  for (size_t strip = 0; strip < strips_.size(); ++strip) {
    if (!std::ranges::all_of(Strip(strip), [](double sum) { return std::isfinite(sum); })) {
      return false;
    }
  }
  return true;
}

Buffer<float> Hessian::TakeNormalised() {
  const double mean = mean_diagonal();
  const double scale = mean > 0 ? 1 / mean : 0;
  // From the end, so that what is written takes the place of what was read; the upper half when that is gone.
  Buffer<float> all(columns_ * columns_, Unfilled());
  for (size_t strip = strips_.size(); strip-- > 0;) {
    const size_t begin = strip * kStrip, end = std::min(begin + kStrip, columns_);
    const double* sums = Strip(strip).data();
    for (size_t row = begin; row < end; ++row, sums += end) {
      for (size_t column = 0; column <= row; ++column) {
        all[row * columns_ + column] = static_cast<float>(sums[column] * scale);
      }
    }
    strips_.pop_back();
  }
  for (size_t row = 0; row < columns_; ++row) {
    for (size_t column = row + 1; column < columns_; ++column) {
      all[row * columns_ + column] = all[column * columns_ + row];
    }
  }
  return all;
}

void CrossSums::Add(RowSpan<const float> y, RowSpan<const float> x, WorkerPool& pool) {
  std::vector<Tile> tiles;
  for (size_t row = 0; row < rows_; row += kStrip) {
    for (size_t column = 0; column < columns_; column += kTile) {
      tiles.push_back(
          {row, std::min(kStrip, rows_ - row), column, std::min(kTile, columns_ - column)});
    }
  }
  ForEachProduct(y, x, tiles, pool, [&](const Tile& tile, const float* product) {
    float* sums = sums_.data() + tile.row * columns_ + tile.column;
    for (size_t i = 0; i < tile.rows; ++i, sums += columns_, product += kTile) {
      for (size_t k = 0; k < tile.columns; ++k) sums[k] += product[k];
    }
  });
}

}  // namespace hlwq::calibrate
