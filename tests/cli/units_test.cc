#include "cli/units.h"

#include <gtest/gtest.h>

namespace hlwq::cli {
namespace {

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

TEST(FormatBytes, GivesThreeDigits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.00 kB");
  EXPECT_EQ(FormatBytes(999'499), "999 kB");
  EXPECT_EQ(FormatBytes(999'500), "1.00 MB");
  EXPECT_EQ(FormatBytes(21'550'000'000), "21.6 GB");
  EXPECT_EQ(FormatBytes(~uint64_t{0}), "18.4 EB");
}

TEST(FormatDuration, ChangesUnitsWhereRoundingDoes) {
  EXPECT_EQ(FormatDuration(0.416), "0.42 s");
  EXPECT_EQ(FormatDuration(9.996), "10 s");
  EXPECT_EQ(FormatDuration(59.4), "59 s");
  EXPECT_EQ(FormatDuration(59.6), "1 min 00 s");
  EXPECT_EQ(FormatDuration(3599.4), "59 min 59 s");
  EXPECT_EQ(FormatDuration(3600), "1 h 00 min");
  EXPECT_EQ(FormatDuration(7499), "2 h 05 min");
  EXPECT_EQ(FormatDuration(-1), "-");
}

TEST(FormatCount, SeparatesThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(20730), "20,730");
  EXPECT_EQ(FormatCount(1'000'000), "1,000,000");
}

}  // namespace
}  // namespace hlwq::cli
