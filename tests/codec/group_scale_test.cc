#include "codec/group_scale.h"

#include <gtest/gtest.h>

#include <cmath>
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

}  // namespace
}  // namespace hlwq::codec
