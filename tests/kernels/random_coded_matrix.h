// Matrices of random codes, and what products with them must come to.
#pragma once

#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "codec/bitpack.h"
#include "codec/gaussian_tables.h"
#include "codec/hlwq_block.h"
#include "kernels/coded_matmul.h"
#include "tensor/float16.h"

namespace hlwq::test {

using kernels::CodedMatrix;
using kernels::DotLevels;
using kernels::DotWidth;
using kernels::RotatedInputs;

inline constexpr std::array<codec::BitOrder, 4> kOrders = {
    codec::BitOrder::kMsb, codec::BitOrder::kLsb, codec::BitOrder::kHalfNibble,
    codec::BitOrder::kPlain};

inline std::vector<float> LloydMax(int bits) {
  const auto levels = codec::GaussianLevels(codec::kTableLloydMax, bits);
  return {levels.begin(), levels.end()};
}

// A matrix of random codes and norms.
class RandomMatrix {
 public:
  RandomMatrix(MatrixShape shape, std::vector<float> table, codec::BitOrder order, DType norm_dtype)
      : table_(std::move(table)), levels_(table_) {
    w_ = {shape, order, &levels_, {}, {}, norm_dtype};
    std::mt19937 random(static_cast<uint32_t>(shape.in * 31 + static_cast<size_t>(levels_.bits)));
    const size_t block_bytes = codec::PackedBlockBytes(order, levels_.bits);
    codes_.resize(shape.out * w_.blocks() * 128);
    packed_.resize(shape.out * w_.blocks() * block_bytes);
    for (uint8_t& code : codes_) code = static_cast<uint8_t>(random() % table_.size());
    for (size_t block = 0; block < shape.out * w_.blocks(); ++block) {
      codec::PackBlock(order, levels_.bits,
                       std::span<const uint8_t, 128>(codes_.data() + 128 * block, 128),
                       std::span(packed_).subspan(block * block_bytes, block_bytes));
      SetNorm(norm_dtype, static_cast<float>(random() % 1000) / 800.0f);
    }
    w_.packed = packed_;
    w_.norms = norms_;
  }

  const CodedMatrix& w() const { return w_; }
  float norm(size_t block) const { return norm_values_[block]; }
  uint8_t code(size_t index) const { return codes_[index]; }
  const std::vector<float>& table() const { return table_; }

 private:
  void SetNorm(DType dtype, float norm) {
    const uint16_t half = F32ToF16(norm);
    if (dtype == DType::kF16) norm = F16ToF32(half);
    norm_values_.push_back(norm);
    const size_t at = norms_.size();
    norms_.resize(at + (dtype == DType::kF16 ? 2 : 4));
    if (dtype == DType::kF16) {
      std::memcpy(&norms_[at], &half, 2);
    } else {
      std::memcpy(&norms_[at], &norm, 4);
    }
  }

  std::vector<float> table_;
  DotLevels levels_;
  std::vector<uint8_t> codes_;
  std::vector<std::byte> packed_, norms_;
  std::vector<float> norm_values_;
  CodedMatrix w_;
};

inline std::vector<float> Activations(size_t in) {
  std::mt19937 random(static_cast<uint32_t>(in) + 7);
  std::normal_distribution<float> normal;
  std::vector<float> x(in);
  for (float& value : x) value = normal(random);
  return x;
}

// The product of the integers of one block, and the sum of the magnitudes of all its terms (with
// the offset of narrow levels).
struct BlockProduct {
  int64_t sum = 0;
  int64_t magnitude = 0;
};
inline BlockProduct IntegerBlock(const RandomMatrix& matrix, const RotatedInputs& inputs,
                                 size_t token, size_t row, size_t block) {
  const DotLevels& levels = *matrix.w().levels;
  const bool is_narrow = levels.width == DotWidth::kNarrow;
  BlockProduct product;
  for (size_t i = 128 * block; i < 128 * (block + 1); ++i) {
    const uint8_t code = matrix.code(row * inputs.blocks() * 128 + i);
    const int level = is_narrow ? levels.narrow[code] - DotLevels::kOffset : levels.wide[code];
    const int x = is_narrow ? inputs.narrow(token)[i] : inputs.wide(token)[i];
    product.sum += level * x;
    product.magnitude += (std::abs(level) + (is_narrow ? DotLevels::kOffset : 0)) * std::abs(x);
  }
  return product;
}

// Exact but for float64 sums of blocks. Float sums are judged against the magnitude: one integer
// wrong by one in a row of one block is an error of 1.5e-6 of it.
inline constexpr double kTolerance = 5e-7;
struct Product {
  double value = 0;
  double magnitude = 0;
};
inline Product IntegerProduct(const RandomMatrix& matrix, const RotatedInputs& inputs, size_t token,
                              size_t row) {
  const DotLevels& levels = *matrix.w().levels;
  Product product;
  for (size_t block = 0; block < inputs.blocks(); ++block) {
    const BlockProduct integers = IntegerBlock(matrix, inputs, token, row, block);
    const double factor = double{matrix.norm(row * inputs.blocks() + block)} * levels.step *
                          inputs.scales(token, levels.width)[block];
    product.value += static_cast<double>(integers.sum) * factor;
    product.magnitude += static_cast<double>(integers.magnitude) * factor;
  }
  return product;
}

// W x with the weights that the codec's decoder gives, in float64.
inline double DecodedProduct(const RandomMatrix& matrix, std::span<const float> x, size_t row) {
  const codec::LevelTable table(matrix.table());
  const size_t blocks = matrix.w().blocks();
  double sum = 0;
  for (size_t block = 0; block < blocks; ++block) {
    const size_t at = (row * blocks + block) * 128;
    std::array<float, 128> values;
    for (size_t i = 0; i < 128; ++i) values[i] = table.levels()[matrix.code(at + i)];
    codec::Fwht128(values);
    for (size_t i = 0; i < 128 && 128 * block + i < x.size(); ++i) {
      sum += double{values[i]} * matrix.norm(at / 128) / 128 * x[128 * block + i];
    }
  }
  return sum;
}

}  // namespace hlwq::test
