#include "codec/hlwq_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "codec/gaussian_tables.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

using Block = std::array<float, kBlockSize>;

Block GaussianBlock(unsigned seed, float sigma) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, sigma);
  Block block;
  for (float& w : block) w = normal(random);
  return block;
}

double SquaredError(const Block& block, const EncodedBlock& coded, const LevelTable& table) {
  Block back;
  DecodeBlock(coded.codes, coded.multiplier, table, back);
  double error = 0;
  for (size_t i = 0; i < kBlockSize; ++i) error += std::pow(double{block[i]} - back[i], 2);
  return error;
}

TEST(LevelTable, CodeIsTheNearestLevelAndTiesGoTowardZero) {
  const LevelTable table(std::vector<float>{-3, -1, 1, 4});
  EXPECT_EQ(table.Code(-100), 0);
  EXPECT_EQ(table.Code(-2), 1);
  EXPECT_EQ(table.Code(std::nextafter(-2.0f, -3.0f)), 0);
  EXPECT_EQ(table.Code(0), 1);
  EXPECT_EQ(table.Code(-0.0f), 1);
  EXPECT_EQ(table.Code(2.5f), 2);
  EXPECT_EQ(table.Code(2.6f), 3);
  EXPECT_EQ(table.Code(std::numeric_limits<float>::infinity()), 3);
  EXPECT_EQ(table.Code(std::nanf("")), 0);
}

TEST(LevelTable, OnlyWholeFiniteTablesExist) {
  for (const std::vector<float>& levels : {std::vector<float>{},
                                           {1},
                                           {1, 2, 3},
                                           {1, std::nanf("")},
                                           {1, INFINITY},
                                           std::vector<float>(512)}) {
    EXPECT_THAT([&] { LevelTable{levels}; }, testing::Throws<Error>(testing::Property(
                                                 &Error::code, ErrorCode::kInvalidArgument)));
  }
  EXPECT_TRUE(LevelTable(std::vector<float>{-1, 1}).is_antisymmetric());
  EXPECT_FALSE(LevelTable(std::vector<float>{-1, 2}).is_antisymmetric());
  EXPECT_FALSE(LevelTable(std::vector<float>{1, -1}).can_encode());
  EXPECT_FALSE(LevelTable(std::vector<float>{1, 15.5f}).can_encode());
}

class EveryWidthAndRule : public testing::TestWithParam<std::tuple<int, ScaleRule>> {
 protected:
  LevelTable table_{GaussianLevels(kTableLloydMax, std::get<0>(GetParam()))};
  ScaleRule rule_ = std::get<1>(GetParam());
};
INSTANTIATE_TEST_SUITE_P(All, EveryWidthAndRule,
                         testing::Combine(testing::Range(1, 9),
                                          testing::Values(ScaleRule::kNorm, ScaleRule::kSearch)));

TEST_P(EveryWidthAndRule, SumsAreThoseOfTheDecodedBlock) {
  const Block block = GaussianBlock(7, 0.02f);
  EncodedBlock coded;
  ASSERT_TRUE(EncodeBlock(block, table_, rule_, coded));
  Block back;
  DecodeBlock(coded.codes, coded.multiplier, table_, back);
  double error = 0, energy = 0, along = 0, decoded = 0, largest = 0;
  for (size_t i = 0; i < kBlockSize; ++i) {
    const double w = block[i], d = back[i];
    error += (w - d) * (w - d);
    energy += w * w;
    along += w * d;
    decoded += d * d;
    largest = std::max(largest, std::abs(w - d));
  }
  const double m = F16ToF32(coded.multiplier);
  EXPECT_NEAR(coded.sums.error / 128.0 / error, 1, 1e-4);
  EXPECT_NEAR(coded.sums.energy / 128.0 / energy, 1, 1e-5);
  EXPECT_NEAR(m * coded.sums.along / 128.0 / along, 1, 1e-5);
  EXPECT_NEAR(m * m * coded.sums.levels / 128.0 / decoded, 1, 1e-5);
  EXPECT_NEAR(coded.sums.max_error / largest, 1, 1e-3);
}

TEST_P(EveryWidthAndRule, ScalingByAPowerOfTwoScalesTheMultiplierOnly) {
  const Block block = GaussianBlock(11, 0.02f);
  Block scaled = block;
  for (float& w : scaled) w *= 16;
  EncodedBlock coded, coded_scaled;
  ASSERT_TRUE(EncodeBlock(block, table_, rule_, coded));
  ASSERT_TRUE(EncodeBlock(scaled, table_, rule_, coded_scaled));
  EXPECT_EQ(coded.codes, coded_scaled.codes);
  EXPECT_EQ(F16ToF32(coded.multiplier) * 16, F16ToF32(coded_scaled.multiplier));
}

TEST_P(EveryWidthAndRule, ZerosDecodeToZeros) {
  EncodedBlock coded;
  ASSERT_TRUE(EncodeBlock(Block{}, table_, rule_, coded));
  EXPECT_EQ(coded.multiplier, 0);
  // The lower of the two levels next to zero, as in the published tools.
  for (const uint8_t code : coded.codes) EXPECT_EQ(code, table_.levels().size() / 2 - 1);
  EXPECT_EQ(SquaredError(Block{}, coded, table_), 0);
}

TEST_P(EveryWidthAndRule, MagnitudesBelowFp16BecomeZeroOrNearlyThat) {
  for (const float sigma : {1e-44f, 1e-38f, 1e-25f, 1e-20f, 1e-10f}) {
    const Block block = GaussianBlock(3, sigma);
    EncodedBlock coded;
    ASSERT_TRUE(EncodeBlock(block, table_, rule_, coded));
    EXPECT_EQ(coded.multiplier, 0) << sigma;
  }
  // Norm about 1.1e-6: a subnormal multiplier of about 19 steps.
  const Block block = GaussianBlock(3, 1e-7f);
  EncodedBlock coded;
  ASSERT_TRUE(EncodeBlock(block, table_, rule_, coded));
  EXPECT_NEAR(coded.multiplier, 19, 4);
}

TEST_P(EveryWidthAndRule, WhatFp16CannotHoldIsRefused) {
  EncodedBlock coded;
  Block block{};
  block[5] = 65519;
  EXPECT_TRUE(EncodeBlock(block, table_, rule_, coded));
  EXPECT_LE(coded.multiplier, F32ToF16(65504));
  for (const float bad : {65520.0f, 1e30f, std::numeric_limits<float>::max(),
                          std::numeric_limits<float>::infinity(), std::nanf("")}) {
    block[5] = bad;
    EXPECT_FALSE(EncodeBlock(block, table_, rule_, coded)) << bad;
    block[6] = -bad;
    EXPECT_FALSE(EncodeBlock(block, table_, rule_, coded)) << bad;
    block[6] = 0;
  }
}

TEST(EncodeBlock, SearchIsHardlyEverWorseThanTheNorm) {
  for (int bits = 1; bits <= 8; ++bits) {
    int worse = 0;
    const LevelTable table(GaussianLevels(kTableLloydMax, bits));
    for (unsigned seed = 0; seed < 300; ++seed) {
      Block block = GaussianBlock(seed, 0.02f);
      if (seed % 3 == 0) {
        for (float& w : block) w = std::pow(w * 50, 3.0f);  // heavy tails
      }
      if (seed % 10 == 0) std::fill(block.begin(), block.end(), block[0]);  // a constant block
      EncodedBlock norm, search;
      ASSERT_TRUE(EncodeBlock(block, table, ScaleRule::kNorm, norm));
      ASSERT_TRUE(EncodeBlock(block, table, ScaleRule::kSearch, search));
      // Trials round to bytes or words, so near ties may be decided otherwise.
      const double ratio =
          SquaredError(block, search, table) / std::max(SquaredError(block, norm, table), 1e-30);
      worse += ratio > 1.002 ? 1 : 0;
      EXPECT_LE(ratio, 1.03);
    }
    EXPECT_LE(worse, 6) << bits;  // of 300
  }
}

TEST(EncodeBlock, SearchMultiplierIsTheBestFp16ForItsCodes) {
  const LevelTable table(GaussianLevels(kTableLloydMax, 4));
  for (const float sigma : {0.02f, 1e-7f}) {  // the second has a subnormal multiplier
    for (unsigned seed = 0; seed < 50; ++seed) {
      const Block block = GaussianBlock(seed, sigma);
      EncodedBlock coded;
      ASSERT_TRUE(EncodeBlock(block, table, ScaleRule::kSearch, coded));
      const double best = SquaredError(block, coded, table);
      for (const int step : {-1, 1}) {
        EncodedBlock other = coded;
        other.multiplier = static_cast<uint16_t>(other.multiplier + step);
        EXPECT_GE(SquaredError(block, other, table), best * (1 - 1e-4));
      }
    }
  }
}

TEST(EncodeBlock, AnyAscendingLevelsWork) {
  // Neither symmetric nor evenly spaced, with a zero level and a repeated one.
  const LevelTable table(std::vector<float>{-4, -0.5f, 0, 0, 0.001f, 1, 1.1f, 14});
  const Block block = GaussianBlock(1, 0.02f);
  EncodedBlock coded;
  for (const auto rule : {ScaleRule::kNorm, ScaleRule::kSearch}) {
    ASSERT_TRUE(EncodeBlock(block, table, rule, coded));
    EXPECT_LT(coded.sums.error, coded.sums.energy);
    ASSERT_TRUE(EncodeBlock(Block{}, table, rule, coded));
    EXPECT_EQ(coded.codes[0], 2);
    EXPECT_EQ(coded.multiplier, 0);
  }
}

}  // namespace
}  // namespace hlwq::codec
