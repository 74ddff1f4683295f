#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace hlwq {
namespace {

TEST(CounterRandom, StreamsAreUniformAndDiffer) {
  CounterRandom one(1, 1), two(1, 2), again(1, 1);
  double sum = 0;
  size_t equal = 0;
  for (int index = 0; index < 4000; ++index) {
    const double value = one.Uniform();
    EXPECT_GT(value, 0);
    EXPECT_LT(value, 1);
    EXPECT_EQ(value, again.Uniform());
    equal += value == two.Uniform();
    sum += value;
  }
  EXPECT_NEAR(sum / 4000, 0.5, 4 * std::sqrt(1.0 / 12 / 4000));
  EXPECT_EQ(equal, 0u);
}

TEST(CounterRandom, NumbersBelowABoundAreEven) {
  CounterRandom random(3, 0);
  std::array<int, 10> counts = {};
  for (int draw = 0; draw < 10000; ++draw) ++counts.at(random.Below(10));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 5 * std::sqrt(900.0));
}

TEST(UniformOf, NeverGivesTheEnds) {
  EXPECT_GT(UniformOf(0), 0);
  EXPECT_LT(UniformOf(~uint64_t{0}), 1);
}

}  // namespace
}  // namespace hlwq
