#include "study/objective/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace hlwq::study {
namespace {

constexpr TokenId kMask = 9;

TEST(Noise, SchedulesGoFromNothingToEverything) {
  for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
    EXPECT_EQ(MaskRate(schedule, 0), 0);
    EXPECT_NEAR(MaskRate(schedule, 1), 1, 1e-15);
  }
}

TEST(Noise, TheWeightIsTheSlopeOfTheLogarithmOfTheMaskRate) {
  for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
    for (const double t : {1e-9, 1e-4, 0.1, 0.5, 0.99}) {
      const double step = t * 1e-5;
      const double slope =
          (std::log(MaskRate(schedule, t + step)) - std::log(MaskRate(schedule, t - step))) /
          (2 * step);
      EXPECT_NEAR(NelboWeight(schedule, t) / slope, 1, 1e-6) << t;
    }
  }
}

TEST(Noise, TimesOfABatchCoverTheIntervalEvenly) {
  const std::vector<TokenId> windows(32 * 8, 1);
  for (uint64_t step = 0; step < 4; ++step) {
    const Corruption noise =
        Corrupt(windows, 8, NoiseSchedule::kLinear, kMask, {.seed = 1, .step = step});
    std::set<int> strata;
    for (const double t : noise.times) {
      EXPECT_GT(t, 0);
      EXPECT_LE(t, 1);
      strata.insert(static_cast<int>(t * 32));
    }
    EXPECT_EQ(strata.size(), 32u);
  }
}

TEST(Noise, MasksFollowTheRateAndAreListedWhereTheyAre) {
  const std::vector<TokenId> windows(64 * 256, 1);
  const Corruption noise =
      Corrupt(windows, 256, NoiseSchedule::kCosine, kMask, {.seed = 2, .step = 7});
  double expected = 0;
  for (const double t : noise.times) expected += 256 * MaskRate(NoiseSchedule::kCosine, t);
  EXPECT_NEAR(static_cast<double>(noise.masked.size()), expected, 4 * std::sqrt(64 * 256 * 0.25));
  EXPECT_TRUE(std::ranges::is_sorted(noise.masked));
  for (const int64_t place : noise.masked)
    EXPECT_EQ(noise.tokens[static_cast<size_t>(place)], kMask);
  EXPECT_EQ(std::ranges::count(noise.tokens, kMask),
            static_cast<std::ptrdiff_t>(noise.masked.size()));
}

TEST(Noise, APartOfABatchIsMaskedAsInTheWhole) {
  std::vector<TokenId> windows(8 * 16, 3);
  const Draw whole = {.seed = 4, .step = 5};
  const Draw part = {.seed = 4, .step = 5, .first_row = 4, .batch_rows = 8};
  const Corruption all = Corrupt(windows, 16, NoiseSchedule::kLinear, kMask, whole);
  const Corruption half =
      Corrupt(std::span(windows).last(4 * 16), 16, NoiseSchedule::kLinear, kMask, part);
  EXPECT_TRUE(std::equal(half.tokens.begin(), half.tokens.end(), all.tokens.begin() + 4 * 16));
  EXPECT_TRUE(std::equal(half.times.begin(), half.times.end(), all.times.begin() + 4));
}

TEST(Noise, EvaluationMasksEveryNumberOfTokensAlikeAndEveryPlaceAlike) {
  const std::vector<TokenId> window(10, 1);
  const Corruption noise =
      CorruptForEvaluation(window, 2000, NoiseSchedule::kLinear, kMask, false, {.seed = 8});
  std::vector<int> counts(11, 0), places(10, 0);
  for (size_t row = 0; row < 2000; ++row) {
    size_t count = 0;
    for (size_t place = 0; place < 10; ++place) {
      const bool is_masked = noise.tokens[row * 10 + place] == kMask;
      count += is_masked;
      places[place] += is_masked;
    }
    ASSERT_GE(count, 1u);
    ++counts[count];
    EXPECT_DOUBLE_EQ(noise.weights[row], 10.0 / static_cast<double>(count));
  }
  for (size_t count = 1; count <= 10; ++count) EXPECT_NEAR(counts[count], 200, 2) << count;
  for (const int place : places) EXPECT_NEAR(place, 1100, 5 * std::sqrt(2000 * 0.25));
}

TEST(MaskRate, IsUndoneByTimeOfRate) {
  for (const NoiseSchedule schedule : {NoiseSchedule::kLinear, NoiseSchedule::kCosine}) {
    EXPECT_DOUBLE_EQ(MaskRate(schedule, 0), 0);
    EXPECT_DOUBLE_EQ(MaskRate(schedule, 1), 1);
    for (const double time : {0.1, 0.5, 0.93}) {
      EXPECT_NEAR(TimeOfRate(schedule, MaskRate(schedule, time)), time, 1e-12);
    }
  }
}

}  // namespace
}  // namespace hlwq::study
