#include "kernels/rotated_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "codec/hadamard.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

std::vector<float> Activations(size_t in) {
  std::mt19937 random(static_cast<uint32_t>(in));
  std::normal_distribution<float> normal;
  std::vector<float> x(in);
  for (float& value : x) value = normal(random) * std::exp2(normal(random));
  return x;
}

// The definition, one block: integers, scale and the sums of both halves.
struct Reference {
  std::vector<int> integers;
  float scale = 0;
  std::array<int, 2> sums = {};
};
Reference RotateReference(std::span<const float> x, size_t block, int most) {
  std::array<float, 128> values = {};
  const size_t first = block * 128;
  std::copy_n(x.begin() + static_cast<ptrdiff_t>(first), std::min<size_t>(128, x.size() - first),
              values.begin());
  codec::Fwht128(values);
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  Reference want;
  want.scale = largest / (static_cast<float>(most) * 128);
  const float to_integer = largest > 0 ? static_cast<float>(most) / largest : 0;
  for (const float value : values) {
    want.integers.push_back(static_cast<int>(std::nearbyint(value * to_integer)));
    want.sums[want.integers.size() > 64] += want.integers.back();
  }
  return want;
}

TEST(RotatedInputs, EqualsTheReferenceOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    for (const size_t in : {1u, 64u, 127u, 128u, 129u, 576u, 2048u, 2049u}) {
      const std::vector<float> x = Activations(in);
      RotatedInputs inputs(3, in);
      ASSERT_EQ(inputs.blocks(), (in + 127) / 128);
      inputs.Set(1, x, DotWidth::kNarrow);
      inputs.Set(1, x, DotWidth::kWide);
      for (size_t block = 0; block < inputs.blocks(); ++block) {
        const Reference narrow = RotateReference(x, block, RotatedInputs::kMostNarrow);
        const Reference wide = RotateReference(x, block, RotatedInputs::kMostWide);
        const int8_t* narrow_integers = inputs.narrow(1) + 128 * block;
        const int16_t* wide_integers = inputs.wide(1) + 128 * block;
        EXPECT_EQ(std::vector<int>(narrow_integers, narrow_integers + 128), narrow.integers);
        EXPECT_EQ(std::vector<int>(wide_integers, wide_integers + 128), wide.integers);
        EXPECT_EQ(inputs.scales(1, DotWidth::kNarrow)[block], narrow.scale);
        EXPECT_EQ(inputs.scales(1, DotWidth::kWide)[block], wide.scale);
        EXPECT_EQ(inputs.sums(1)[2 * block], narrow.sums[0]);
        EXPECT_EQ(inputs.sums(1)[2 * block + 1], narrow.sums[1]);
      }
    }
  });
}

// The transform of 64 by its definition.
std::vector<double> RotateHalf(std::span<const float> x) {
  std::vector<double> values(64);
  for (size_t i = 0; i < 64; ++i) {
    for (size_t k = 0; k < x.size(); ++k) {
      values[i] += std::popcount(i & k) % 2 == 0 ? double{x[k]} : -double{x[k]};
    }
  }
  return values;
}

TEST(RotatedInputs, HalfABlockIsRotatedByItself) {
  test::ForEachTarget([&](const char*) {
    for (const size_t in : {1u, 64u, 130u, 576u}) {
      const std::vector<float> x = Activations(in);
      RotatedInputs inputs(1, in, LastBlock::kHalf);
      RotatedInputs padded(1, in);
      ASSERT_EQ(inputs.last_block(), LastBlock::kHalf);
      for (const DotWidth width : {DotWidth::kNarrow, DotWidth::kWide}) {
        inputs.Set(0, x, width);
        padded.Set(0, x, width);
        const auto at = [&](const RotatedInputs& from, size_t i) {
          return width == DotWidth::kNarrow ? int{from.narrow(0)[i]} : int{from.wide(0)[i]};
        };
        const size_t half = in / 128 * 128;
        for (size_t i = 0; i < half; ++i) ASSERT_EQ(at(inputs, i), at(padded, i));
        const std::vector<double> want = RotateHalf(std::span(x).subspan(half));
        const double scale = inputs.scales(0, width)[in / 128] * 64.0;
        int64_t sum = 0;
        for (size_t i = 0; i < 64; ++i) {
          EXPECT_NEAR(at(inputs, half + i) * scale, want[i], 0.5001 * scale) << in << " " << i;
          EXPECT_EQ(at(inputs, half + 64 + i), 0);
          sum += at(inputs, half + i);
        }
        if (width == DotWidth::kNarrow) {
          EXPECT_EQ(inputs.sums(0)[2 * (in / 128)], sum);
          EXPECT_EQ(inputs.sums(0)[2 * (in / 128) + 1], 0);
        }
      }
    }
  });
}

TEST(RotatedInputs, ALongerRestIsPaddedInBothKinds) {
  const std::vector<float> x = Activations(200);
  RotatedInputs inputs(1, 200, LastBlock::kHalf), padded(1, 200);
  EXPECT_EQ(inputs.last_block(), LastBlock::kPadded);
  inputs.Set(0, x, DotWidth::kNarrow);
  padded.Set(0, x, DotWidth::kNarrow);
  EXPECT_TRUE(std::equal(inputs.narrow(0), inputs.narrow(0) + 256, padded.narrow(0)));
  EXPECT_EQ(inputs.scales(0, DotWidth::kNarrow)[1], padded.scales(0, DotWidth::kNarrow)[1]);
}

TEST(RotatedInputs, RotatesBackToTheInput) {
  const std::vector<float> x = Activations(128);
  RotatedInputs inputs(1, 128);
  inputs.Set(0, x, DotWidth::kWide);
  std::array<float, 128> values;
  const float scale = inputs.scales(0, DotWidth::kWide)[0];
  for (size_t i = 0; i < 128; ++i) values[i] = scale * inputs.wide(0)[i];
  codec::Fwht128(values);  // sqrt(128) H of (H x / sqrt(128))
  double error = 0;
  double energy = 0;
  for (size_t i = 0; i < 128; ++i) {
    error += (values[i] - x[i]) * (values[i] - x[i]);
    energy += x[i] * x[i];
  }
  EXPECT_LT(error, 1e-6 * energy);
  EXPECT_GT(error, 1e-9 * energy);
}

TEST(RotatedInputs, TokensAndWidthsAreApart) {
  const std::vector<float> x = Activations(200);
  const std::vector<float> other = Activations(201);
  test::ForEachTarget([&](const char*) {
    RotatedInputs inputs(3, 200);
    inputs.Set(1, x, DotWidth::kNarrow);
    const std::vector<int8_t> before(inputs.narrow(1), inputs.narrow(1) + 256);
    const float scale = inputs.scales(1, DotWidth::kNarrow)[1];
    const std::span<const float> rest = std::span(other).first(200);
    inputs.Set(0, rest, DotWidth::kNarrow);
    inputs.Set(2, rest, DotWidth::kNarrow);
    inputs.Set(1, rest, DotWidth::kWide);
    EXPECT_EQ(std::vector<int8_t>(inputs.narrow(1), inputs.narrow(1) + 256), before);
    EXPECT_EQ(inputs.scales(1, DotWidth::kNarrow)[1], scale);
    for (size_t block = 2; block < 16; ++block) {
      EXPECT_EQ(inputs.scales(1, DotWidth::kNarrow)[block], 0);
      EXPECT_EQ(inputs.sums(1)[2 * block], 0);
      EXPECT_EQ(inputs.sums(1)[2 * block + 1], 0);
    }
  });
}

TEST(RotatedInputs, RowsHaveTheBitsTheyHaveAlone) {
  constexpr size_t kRows = 3, kIn = 200, kStride = 207;
  const std::vector<float> x = Activations(kRows * kStride);
  const auto rows = RowSpan<const float>(x, kStride).Columns(4, kIn);
  test::ForEachTarget([&](const char*) {
    for (const DotWidth width : {DotWidth::kNarrow, DotWidth::kWide}) {
      RotatedInputs together(kRows + 1, kIn), alone(1, kIn);
      together.Set(1, rows, width);
      for (size_t row = 0; row < kRows; ++row) {
        alone.Set(0, rows[row], width);
        const auto bits = [&](const RotatedInputs& inputs, size_t token) {
          std::vector<float> all;  // all integers are exact
          if (width == DotWidth::kNarrow) {
            all.assign(inputs.narrow(token), inputs.narrow(token) + 256);
            all.insert(all.end(), inputs.sums(token), inputs.sums(token) + 4);
          } else {
            all.assign(inputs.wide(token), inputs.wide(token) + 256);
          }
          all.insert(all.end(), inputs.scales(token, width), inputs.scales(token, width) + 2);
          return all;
        };
        EXPECT_EQ(bits(together, row + 1), bits(alone, 0));
      }
    }
  });
}

TEST(RotatedInputs, ZerosAreZerosAndNonFiniteValuesShowInTheScale) {
  test::ForEachTarget([&](const char*) {
    for (const DotWidth width : {DotWidth::kNarrow, DotWidth::kWide}) {
      RotatedInputs inputs(1, 384);
      std::vector<float> x(384, 0.0f);
      x[130] = 1e-36f;
      inputs.Set(0, x, width);
      for (size_t block = 0; block < 3; ++block) EXPECT_EQ(inputs.scales(0, width)[block], 0);
      for (size_t i = 0; i < 384; ++i) {
        EXPECT_EQ(width == DotWidth::kNarrow ? inputs.narrow(0)[i] : inputs.wide(0)[i], 0);
      }
      constexpr float kInfinity = std::numeric_limits<float>::infinity();
      for (const float bad : {kInfinity, -kInfinity, std::nanf("")}) {
        for (const size_t at : {128u, 200u, 255u}) {
          x.assign(384, 1.0f);
          x[at] = bad;
          inputs.Set(0, x, width);
          EXPECT_TRUE(std::isfinite(inputs.scales(0, width)[0]));
          EXPECT_FALSE(std::isfinite(inputs.scales(0, width)[1]));
          EXPECT_TRUE(std::isfinite(inputs.scales(0, width)[2]));
        }
      }
      x.assign(384, 1.0f);
      x[130] = kInfinity;
      x[140] = -kInfinity;
      inputs.Set(0, x, width);
      EXPECT_FALSE(std::isfinite(inputs.scales(0, width)[1]));
    }
  });
}

}  // namespace
}  // namespace hlwq::kernels
