#include "codec/group_scale.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <vector>

namespace hlwq::codec {
namespace {

TEST(GroupScale, FactorsAreTheNearestPowersOfTwo) {
  for (int s = 0; s < kZeroGroup; ++s) {
    const double exact = std::exp2(-s / 64.0);
    EXPECT_EQ(GroupFactor(static_cast<uint8_t>(s)), static_cast<float>(exact)) << s;
  }
  EXPECT_EQ(GroupFactor(kZeroGroup), 0.0f);
}

TEST(GroupScale, StepsAreTheInverseOfFactors) {
  for (int s = 0; s < kZeroGroup; ++s) {
    EXPECT_EQ(GroupSteps(GroupFactor(static_cast<uint8_t>(s))), s);
  }
  EXPECT_EQ(GroupSteps(2.0f), -64);
  EXPECT_EQ(GroupSteps(0x1p-20f), 1280);
}

TEST(GroupScale, StepsRoundToTheNearestInLogarithms) {
  for (float q = 4.0f; q > 1e-3f; q *= 0.9993f) {
    EXPECT_NEAR(GroupSteps(q), -64 * std::log2(q), 0.5 + 1e-4) << q;
  }
}

TEST(GroupScale, NothingIsFarBelowEverything) {
  EXPECT_GT(GroupSteps(0.0f), int{kLeastGroup});
  EXPECT_GT(GroupSteps(std::numeric_limits<float>::denorm_min()), int{kLeastGroup});
}

TEST(GroupScale, SumsAreExactForIntegers) {
  std::vector<float> terms(kGroupSize);
  std::iota(terms.begin(), terms.end(), 1.0f);
  EXPECT_EQ(SumGroup(std::span<const float, kGroupSize>(terms)), 64 * 65 / 2);
}

TEST(GroupScale, SumsFollowTheNormativeOrder) {
  // 2^24 swallows a one that is added to it, but not two ones that were added to each other.
  const auto sum = [](std::initializer_list<size_t> ones) {
    std::array<float, kGroupSize> terms{};
    terms[0] = 0x1p24f;
    for (const size_t at : ones) terms[at] = 1;
    return SumGroup(terms);
  };
  EXPECT_EQ(sum({16, 48}), 0x1p24f + 2);  // the odd part of lane 0
  EXPECT_EQ(sum({32, 16}), 0x1p24f);      // its even part takes a one, then the odd part another
  EXPECT_EQ(sum({8, 40}), 0x1p24f + 2);   // lane 8, added to lane 0 first
  EXPECT_EQ(sum({8, 4}), 0x1p24f);
  EXPECT_EQ(sum({4, 12}), 0x1p24f + 2);  // lane 12 joins lane 4 before that joins lane 0
  EXPECT_EQ(sum({2, 6}), 0x1p24f + 2);
  EXPECT_EQ(sum({1, 3}), 0x1p24f + 2);
  EXPECT_EQ(sum({1, 2}), 0x1p24f);
}

}  // namespace
}  // namespace hlwq::codec
