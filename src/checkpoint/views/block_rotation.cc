#include "checkpoint/views/block_rotation.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "codec/hadamard.h"

namespace hlwq::checkpoint {
namespace {

void Multiply(std::span<float> values, float factor) noexcept {
  for (float& value : values) value *= factor;
}

float Normalisation(uint64_t block) noexcept { return 1 / std::sqrt(static_cast<float>(block)); }

// The transform over the rows of [block, in], each column for itself.
void RotateRows(std::span<float> rows, uint64_t block, uint64_t in) noexcept {
  for (uint64_t distance = block / 2; distance > 0; distance /= 2) {
    for (uint64_t row = 0; row < block; ++row) {
      if ((row & distance) != 0) continue;
      float* upper = rows.data() + row * in;
      float* lower = upper + distance * in;
      for (uint64_t column = 0; column < in; ++column) {
        const float a = upper[column];
        const float b = lower[column];
        upper[column] = a + b;
        lower[column] = a - b;
      }
    }
  }
}

}  // namespace

uint64_t RotationBlock(uint64_t width) noexcept {
  return std::min<uint64_t>(codec::kBlockSize, uint64_t{1} << std::countr_zero(width));
}

void BlockRotation::Apply(RowRange rows, std::span<float> weights) const {
  if (weights.empty()) return;
  const uint64_t in = weights.size() / rows.size();
  if (sides_.column_factors) {
    const std::vector<float>& factors = *sides_.column_factors;
    HLWQ_DASSERT(factors.size() == in);
    for (uint64_t row = 0; row < rows.size(); ++row) {
      float* values = weights.data() + row * in;
      for (uint64_t column = 0; column < in; ++column) values[column] *= factors[column];
    }
  }
  if (const uint64_t block = sides_.column_block; block > 1) {
    HLWQ_DASSERT(in % block == 0);
    for (size_t first = 0; first < weights.size(); first += block) {
      codec::Fwht(weights.subspan(first, block));
    }
    Multiply(weights, Normalisation(block));
  }
  if (const uint64_t block = sides_.row_block; block > 1) {
    HLWQ_DASSERT(rows.size() % block == 0);
    for (size_t first = 0; first < weights.size(); first += block * in) {
      RotateRows(weights.subspan(first, block * in), block, in);
    }
    Multiply(weights, Normalisation(block));
  }
}

}  // namespace hlwq::checkpoint
