#include "base/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hlwq {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ParseBytes, KnowsDecimalAndBinaryUnits) {
  EXPECT_EQ(ParseBytes("0"), 0u);
  EXPECT_EQ(ParseBytes("4096"), 4096u);
  EXPECT_EQ(ParseBytes("7B"), 7u);
  EXPECT_EQ(ParseBytes("5GB"), 5'000'000'000u);
  EXPECT_EQ(ParseBytes("5g"), 5'000'000'000u);
  EXPECT_EQ(ParseBytes("512MiB"), 512u << 20);
  EXPECT_EQ(ParseBytes("1.5 GiB"), 3u << 29);
}

TEST(ParseBytes, RefusesAnythingElse) {
  for (const char* text : {"", "GB", "-1", "1e3", "5GX", "5GiX", "5Gi", "5GBB", "5  GB", "nan",
                           "inf", "0x10", "99999999999GB", "9223372036854775808", "1 2"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
}

TEST(FormatBytes, GivesThreeDigitsOrAsManyAsAsked) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.00 kB");
  EXPECT_EQ(FormatBytes(271'132'000), "271 MB");
  EXPECT_EQ(FormatBytes(21'550'000'000), "21.6 GB");
  EXPECT_EQ(FormatBytes(21'548'236'800, 4), "21.55 GB");
  EXPECT_EQ(FormatBytes(269'060'000, 4), "269.1 MB");
  EXPECT_EQ(FormatBytes(~uint64_t{0}), "18.4 EB");
}

TEST(FormatBytes, NeverRoundsUpToAThousand) {
  EXPECT_EQ(FormatBytes(9'994), "9.99 kB");
  EXPECT_EQ(FormatBytes(9'995), "10.0 kB");
  EXPECT_EQ(FormatBytes(999'499), "999 kB");
  EXPECT_EQ(FormatBytes(999'500), "1.00 MB");
  EXPECT_EQ(FormatBytes(999'949, 4), "999.9 kB");
  EXPECT_EQ(FormatBytes(999'950, 4), "1.000 MB");
}

TEST(FormatDuration, ChangesUnitsWhereRoundingDoes) {
  EXPECT_EQ(FormatDuration(0.416), "0.42 s");
  EXPECT_EQ(FormatDuration(9.996), "10 s");
  EXPECT_EQ(FormatDuration(59.4), "59 s");
  EXPECT_EQ(FormatDuration(59.6), "1 min 00 s");
  EXPECT_EQ(FormatDuration(3599.4), "59 min 59 s");
  EXPECT_EQ(FormatDuration(3600), "1 h 00 min");
  EXPECT_EQ(FormatDuration(7499), "2 h 05 min");
  EXPECT_EQ(FormatDuration(-1), "–");
  EXPECT_EQ(FormatDuration(kInfinity), "–");
}

TEST(FormatCount, SeparatesThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(20730), "20,730");
  EXPECT_EQ(FormatCount(1'000'000), "1,000,000");
}

TEST(FormatWeights, HasFourDigitsFromAMillionOn) {
  EXPECT_EQ(FormatWeights(2048), "2,048");
  EXPECT_EQ(FormatWeights(999'999), "999,999");
  EXPECT_EQ(FormatWeights(999'999'999), "1.000 B");
  EXPECT_EQ(FormatWeights(33'621'000'000), "33.62 B");
}

TEST(FormatPercent, AShareBelowOneIsNeverAHundred) {
  EXPECT_EQ(FormatPercent(0.99999), "99.9 %");
  EXPECT_EQ(FormatPercent(1), "100 %");
  EXPECT_EQ(FormatPercent(0.9576), "95.8 %");
  EXPECT_EQ(FormatPercent(std::nan("")), "–");
}

TEST(FormatSnr, HasWordsForItsLimits) {
  EXPECT_EQ(FormatSnr(27.144), "27.14");
  EXPECT_EQ(FormatSnr(-3.2), "−3.20");
  EXPECT_EQ(FormatSnr(kInfinity), "exact");
  EXPECT_EQ(FormatSnr(-kInfinity), "lost");
  EXPECT_EQ(FormatSnr(std::nan("")), "all zero");
}

TEST(FormatCosine, ShowsItsDistanceFromOne) {
  EXPECT_EQ(FormatCosine(1), "1");
  EXPECT_EQ(FormatCosine(0.99903), "0.99903");
  EXPECT_EQ(FormatCosine(1 - 3e-7), "0.99999970");
  EXPECT_EQ(FormatCosine(-0.5), "−0.50000");
}

}  // namespace
}  // namespace hlwq
