#include "kernels/dot_levels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "codec/gaussian_tables.h"

namespace hlwq::kernels {
namespace {

// What the integers stand for.
double Value(const DotLevels& levels, size_t k) {
  const int integer = levels.width == DotWidth::kNarrow ? levels.narrow[k % 64] - DotLevels::kOffset
                                                        : levels.wide[k];
  return double{levels.step} * integer;
}

double NormalBelow(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// Mean squared error of the integers on N(0,1). `levels` ascending.
double RoundingError(const DotLevels& integers, std::span<const float> levels) {
  double error = 0;
  double below = 0;
  for (size_t k = 0; k < levels.size(); ++k) {
    const double up_to = k + 1 < levels.size() ? NormalBelow(0.5 * (levels[k] + levels[k + 1])) : 1;
    const double off = levels[k] - Value(integers, k);
    error += (up_to - below) * off * off;
    below = up_to;
  }
  return error;
}

TEST(DotLevels, CostAtMostTwoPercentOfTheCodecsError) {
  for (int bits = 1; bits <= 8; ++bits) {
    const std::vector<double> exact = codec::ComputeGaussianLevels(codec::kTableLloydMax, bits);
    const auto levels = codec::GaussianLevels(codec::kTableLloydMax, bits);
    const DotLevels integers(levels);
    const double share = RoundingError(integers, levels) / codec::GaussianMse(exact);
    EXPECT_LT(share, 0.015) << bits;
    RecordProperty("share_of_codec_error_b" + std::to_string(bits), std::to_string(share));
    // Integers cannot be free: a zero would say that nothing was measured.
    if (bits > 1) {
      EXPECT_GT(share, 1e-12) << bits;
    }
  }
}

TEST(DotLevels, StepBeatsTheLargestThatFits) {
  for (int bits = 2; bits <= 5; ++bits) {
    const auto levels = codec::GaussianLevels(codec::kTableLloydMax, bits);
    DotLevels largest_fits(levels);
    const float step = levels.back() / 127;
    largest_fits.step = step;
    for (size_t k = 0; k < 64; ++k) {
      const float level = levels[k % levels.size()];
      largest_fits.narrow[k] = static_cast<uint8_t>(std::lround(level / step) + 128);
    }
    EXPECT_LT(RoundingError(DotLevels(levels), levels), RoundingError(largest_fits, levels))
        << bits;
  }
}

TEST(DotLevels, RepeatsTheTableInTheUpperEntries) {
  for (int bits = 1; bits <= 8; ++bits) {
    const auto levels = codec::GaussianLevels(codec::kTableLloydMax, bits);
    const DotLevels integers(levels);
    EXPECT_EQ(integers.bits, bits);
    EXPECT_EQ(integers.width, bits <= 5 ? DotWidth::kNarrow : DotWidth::kWide);
    for (size_t k = 0; k < 256; ++k) EXPECT_EQ(integers.wide[k], integers.wide[k % levels.size()]);
    for (size_t k = 0; k < 64; ++k) {
      EXPECT_EQ(integers.narrow[k], integers.narrow[k % levels.size()]);
    }
  }
}

// Tables of files may hold anything finite.
TEST(DotLevels, StayInRangeForAnyTable) {
  const std::vector<std::vector<float>> tables = {
      {0, 0},           {-1e-30f, 2e-30f}, {3e38f, -3e38f, 1, 0}, {5, -2, 100, 101, 5, 5, 5, 1e-3f},
      {1e30f, 1, 1, 1},
  };
  for (const std::vector<float>& table : tables) {
    const DotLevels integers{table};
    EXPECT_GT(integers.step, 0);
    EXPECT_TRUE(std::isfinite(integers.step));
    double largest = 0;
    for (const float level : table) largest = std::max(largest, std::abs(double{level}));
    for (size_t k = 0; k < table.size(); ++k) {
      EXPECT_GE(integers.narrow[k], 1);
      EXPECT_NEAR(Value(integers, k), table[k], largest * 0.02);
    }
  }
  std::vector<float> wide(64);
  for (size_t k = 0; k < wide.size(); ++k) wide[k] = static_cast<float>((k * 37) % 64) - 10.0f;
  const DotLevels integers{wide};
  for (size_t k = 0; k < wide.size(); ++k) {
    EXPECT_LE(std::abs(integers.wide[k]), DotLevels::kMostWide);
    EXPECT_NEAR(Value(integers, k), wide[k], 53.0 / DotLevels::kMostWide * 0.51);
  }
}

}  // namespace
}  // namespace hlwq::kernels
