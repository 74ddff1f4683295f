// Matrices of random bits in the trellis code, and what products with them must come to.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "codec/group_scale.h"
#include "codec/trellis_block.h"
#include "codec/trellis_table.h"
#include "codec/trellis_tile.h"
#include "kernels/tile_matmul.h"
#include "tests/kernels/random_coded_matrix.h"

namespace hlwq::test {

using kernels::TrellisMatrix;

inline codec::TrellisTable TrellisTable(int bits) {
  return codec::TrellisTable(codec::TrellisLevels(codec::kTableTrellisGauss, bits), bits);
}

// Random codes, scales from all of the range (few octaves, so that groups count alike), row scales. The
// tiles have bytes of the kind in rows that are not of the matrix, too: none of them may count.
class RandomTrellisMatrix {
 public:
  RandomTrellisMatrix(MatrixShape shape, codec::TrellisTable table, size_t first_row = 0)
      : table_(std::move(table)), dots_(DotLevels::OfTrellis(table_)) {
    w_ = {shape, &dots_, {}, {}, {}, first_row};
    std::mt19937 random(static_cast<uint32_t>(shape.in * 31 + table_.levels().size()));
    const size_t rows = w_.tiles() * codec::kTileRows;
    codes_.resize(rows * codec::TrellisRowBytes(shape.in, w_.bits()));
    for (std::byte& byte : codes_) byte = static_cast<std::byte>(random());
    scales_.resize(rows * w_.groups());
    for (std::byte& scale : scales_) {
      // One in 16 of them zero.
      scale = static_cast<std::byte>(random() % 16 == 0 ? codec::kZeroGroup : random() % 160);
    }
    for (size_t row = 0; row < shape.out; ++row) {
      const uint16_t scale = F32ToBF16(static_cast<float>(1 + random() % 1000) / 800.0f);
      const auto* bytes = reinterpret_cast<const std::byte*>(&scale);
      row_scales_.insert(row_scales_.end(), bytes, bytes + sizeof(scale));
    }
    w_.codes = codes_;
    w_.scales = scales_;
    w_.row_scales = row_scales_;
  }
  RandomTrellisMatrix(MatrixShape shape, int bits, size_t first_row = 0)
      : RandomTrellisMatrix(shape, TrellisTable(bits), first_row) {}
  RandomTrellisMatrix(const RandomTrellisMatrix&) = delete;
  RandomTrellisMatrix& operator=(const RandomTrellisMatrix&) = delete;

  void FillCodes(std::byte fill) { std::fill(codes_.begin(), codes_.end(), fill); }

  const TrellisMatrix& w() const { return w_; }
  const codec::TrellisTable& table() const { return table_; }
  float row_scale(size_t row) const { return codec::RowScaleAt(row_scales_, row); }
  // Block b of a row, in block form, and its two scales; the half that is not there is zero.
  std::vector<std::byte> block(size_t row, size_t b) const {
    std::vector<std::byte> block(codec::TrellisBlockBytes(w_.bits()));
    codec::TakeTileRow(OfTile(codes_, row, b), RowOfTile(row),
                       std::span(block).first(block.size() / 2 * Halves(b)));
    return block;
  }
  std::array<std::byte, codec::kGroupsPerBlock> scales(size_t row, size_t b) const {
    std::array<std::byte, codec::kGroupsPerBlock> scales;
    scales.fill(std::byte{codec::kZeroGroup});
    codec::TakeTileScales(OfTile(scales_, row, b), RowOfTile(row),
                          std::span(scales).first(Halves(b)));
    return scales;
  }
  bool IsHalf(size_t b) const { return Halves(b) == 1; }

 private:
  size_t Halves(size_t b) const { return std::min<size_t>(2, w_.groups() - 2 * b); }
  size_t RowOfTile(size_t row) const { return (w_.first_row + row) % codec::kTileRows; }
  std::span<const std::byte> OfTile(std::span<const std::byte> part, size_t row, size_t b) const {
    const size_t tile_bytes = part.size() / w_.tiles(), group_bytes = tile_bytes / w_.groups();
    const size_t tile = (w_.first_row + row) / codec::kTileRows;
    return part.subspan(tile * tile_bytes + 2 * b * group_bytes, Halves(b) * group_bytes);
  }

  codec::TrellisTable table_;
  DotLevels dots_;
  std::vector<std::byte> codes_, scales_, row_scales_;
  TrellisMatrix w_;
};

// As IntegerProduct of hlwq codes: the integers are the codec's levels, and products exact but for
// float64 sums of groups.
inline BlockProduct IntegerGroup(const RandomTrellisMatrix& matrix, const RotatedInputs& inputs,
                                 size_t token, size_t row, size_t group) {
  const bool is_narrow = matrix.w().levels->width == DotWidth::kNarrow;
  std::array<uint8_t, 128> numbers;
  codec::UnpackTrellisBlock(matrix.block(row, group / 2), matrix.w().bits(), numbers);
  BlockProduct product;
  for (size_t t = 0; t < 64; ++t) {
    const int level = static_cast<int>(matrix.table().levels()[numbers[64 * (group % 2) + t]]);
    const size_t at = 64 * group + t;
    const int x = is_narrow ? inputs.narrow(token)[at] : inputs.wide(token)[at];
    product.sum += level * x;
    product.magnitude += (std::abs(level) + (is_narrow ? DotLevels::kOffset : 0)) * std::abs(x);
  }
  return product;
}
inline Product IntegerProduct(const RandomTrellisMatrix& matrix, const RotatedInputs& inputs,
                              size_t token, size_t row) {
  Product product;
  for (size_t group = 0; group < 2 * inputs.blocks(); ++group) {
    const BlockProduct integers = IntegerGroup(matrix, inputs, token, row, group);
    const auto scale = static_cast<uint8_t>(matrix.scales(row, group / 2)[group % 2]);
    const double factor = double{matrix.row_scale(row)} * codec::GroupFactor(scale) *
                          inputs.scales(token, matrix.w().levels->width)[group / 2];
    product.value += static_cast<double>(integers.sum) * factor;
    product.magnitude += static_cast<double>(integers.magnitude) * factor;
  }
  return product;
}

// W x with the weights that the codec's decoder gives, in float64.
inline double DecodedProduct(const RandomTrellisMatrix& matrix, std::span<const float> x,
                             size_t row) {
  const size_t blocks = matrix.w().blocks();
  double sum = 0;
  for (size_t block = 0; block < blocks; ++block) {
    std::array<float, 128> weights;
    const float row_scale =
        matrix.row_scale(row) * (matrix.IsHalf(block) ? codec::kHalfBlockScale : 1.0f);
    codec::DecodeTrellisBlock(matrix.block(row, block), matrix.scales(row, block), row_scale,
                              matrix.table(), weights);
    for (size_t i = 0; i < 128 && 128 * block + i < x.size(); ++i) {
      sum += double{weights[i]} * x[128 * block + i];
    }
  }
  return sum;
}

// Levels at both ends of what the format allows: 0 is not among them, so all are +-most or next to
// it.
inline codec::TrellisTable ExtremeLevels(int bits) {
  const size_t half = size_t{1} << bits;
  const float most = bits <= 5 ? 127 : 4095;
  std::vector<float> levels(2 * half);
  for (size_t i = 0; i < half; ++i) {
    levels[half + i] = most - static_cast<float>(half - 1 - i);
    levels[half - 1 - i] = -levels[half + i];
  }
  return codec::TrellisTable(levels, bits);
}

}  // namespace hlwq::test
