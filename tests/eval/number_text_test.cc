#include "eval/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hlwq::eval {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(NumberText, CountsAndSizes) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(20730), "20,730");
  EXPECT_EQ(CountText(1234567), "1,234,567");
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(21'548'236'800), "21.55 GB");
  EXPECT_EQ(BytesText(269'060'000), "269.1 MB");
  EXPECT_EQ(WeightsText(33'621'000'000), "33.62 B");
  EXPECT_EQ(WeightsText(2048), "2,048");
}

TEST(NumberText, AShareBelowOneIsNeverAHundredPercent) {
  EXPECT_EQ(PercentText(0.99999), "99.9 %");
  EXPECT_EQ(PercentText(1), "100 %");
  EXPECT_EQ(PercentText(0.9576), "95.8 %");
  EXPECT_EQ(PercentText(std::nan("")), "–");
}

TEST(NumberText, Durations) {
  EXPECT_EQ(SecondsText(4.21), "4.2 s");
  EXPECT_EQ(SecondsText(185), "3 min 05 s");
  EXPECT_EQ(SecondsText(3720), "1 h 02 min");
  EXPECT_EQ(SecondsText(kInfinity), "–");
}

TEST(NumberText, SnrHasWordsForItsLimits) {
  EXPECT_EQ(SnrText(27.144), "27.14");
  EXPECT_EQ(SnrText(-3.2), "−3.20");
  EXPECT_EQ(SnrText(kInfinity), "exact");
  EXPECT_EQ(SnrText(-kInfinity), "lost");
  EXPECT_EQ(SnrText(std::nan("")), "all zero");
}

TEST(NumberText, CosineShowsItsDistanceFromOne) {
  EXPECT_EQ(CosineText(1), "1");
  EXPECT_EQ(CosineText(0.99903), "0.99903");
  EXPECT_EQ(CosineText(1 - 3e-7), "0.99999970");
  EXPECT_EQ(CosineText(-0.5), "−0.50000");
}

}  // namespace
}  // namespace hlwq::eval
