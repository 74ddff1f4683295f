#include "codec/error_stats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hlwq::codec {
namespace {

TEST(ErrorStats, MergeEqualsAddingEverything) {
  ErrorStats all, first, second;
  for (int i = 0; i < 10; ++i) {
    const double value = i;  // small integers: the sums are exact in any order
    all.AddPair(value, value + 1);
    (i < 4 ? first : second).AddPair(value, value + 1);
  }
  first.code_use[3] = 2;
  second.code_use[3] = 5;
  second.zero_blocks = 7;
  first.Merge(second);
  EXPECT_EQ(first.count, all.count);
  EXPECT_EQ(first.signal, all.signal);
  EXPECT_EQ(first.noise, all.noise);
  EXPECT_EQ(first.dot, all.dot);
  EXPECT_EQ(first.decoded, all.decoded);
  EXPECT_EQ(first.max_abs_error, 1);
  EXPECT_EQ(first.code_use[3], 7u);
  EXPECT_EQ(first.zero_blocks, 7u);
}

TEST(ErrorStats, SnrAndCosineOfKnownPairs) {
  ErrorStats stats;
  stats.AddPair(10, 9);
  EXPECT_DOUBLE_EQ(stats.SnrDb(), 20);
  EXPECT_DOUBLE_EQ(stats.Cosine(), 1);
  stats.AddPair(0, 9);
  EXPECT_DOUBLE_EQ(stats.Cosine(), std::sqrt(0.5));
}

TEST(ErrorStats, EdgesAreDefined) {
  ErrorStats empty;
  EXPECT_TRUE(std::isnan(empty.SnrDb()));
  EXPECT_EQ(empty.Cosine(), 1);
  ErrorStats exact;
  exact.AddPair(1, 1);
  EXPECT_TRUE(std::isinf(exact.SnrDb()));
  ErrorStats damaged;
  damaged.AddPair(1, std::nan(""));
  exact.Merge(damaged);
  EXPECT_TRUE(std::isnan(exact.max_abs_error));
}

}  // namespace
}  // namespace hlwq::codec
