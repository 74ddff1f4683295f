#include "report/sample_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"

namespace hlwq::report {
namespace {

std::vector<double> Noise(size_t count, size_t run_length) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = NearNormal(7, i / run_length);
  return values;
}

TEST(SampleStatistics, MeanAndErrorOfAKnownSample) {
  // Mean 5, squared deviations 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, so s.e. = sqrt(32 / 7 / 8).
  const Estimate mean = MeanOf(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_DOUBLE_EQ(mean.value, 5);
  EXPECT_DOUBLE_EQ(mean.token_error, std::sqrt(32.0 / 56));
  // Two blocks, of means 3.5 and 6.5: s = 3 / sqrt(2), s.e. = 1.5.
  EXPECT_DOUBLE_EQ(mean.block_error, 1.5);
}

TEST(SampleStatistics, TooFewValuesHaveNoError) {
  EXPECT_TRUE(std::isnan(MeanOf({}).value));
  const Estimate one = MeanOf(std::vector<double>{3});
  EXPECT_DOUBLE_EQ(one.value, 3);
  EXPECT_TRUE(std::isnan(one.token_error) && std::isnan(one.block_error));
  EXPECT_TRUE(std::isnan(MeanOf(std::vector<double>{1, 2, 3}).block_error));
}

TEST(SampleStatistics, IndependentValuesHaveTheSameErrorBothWays) {
  const Estimate mean = MeanOf(Noise(40000, 1));
  EXPECT_NEAR(mean.token_error, 1 / 200.0, 0.0002);
  EXPECT_NEAR(mean.block_error / mean.token_error, 1, 0.15);
}

TEST(SampleStatistics, BlocksSeeThatNeighboursAreAlike) {
  // Runs of 16 equal values: as many independent ones as runs, so the error is 4 times larger.
  const Estimate mean = MeanOf(Noise(40000, 16));
  EXPECT_NEAR(mean.block_error / mean.token_error, 4, 0.6);
}

TEST(SampleStatistics, FunctionsCarryTheErrorToFirstOrder) {
  const Estimate mean = {2, 0.01, 0.02};
  EXPECT_EQ(ExpOf(mean), (Estimate{std::exp(2.0), std::exp(2.0) * 0.01, std::exp(2.0) * 0.02}));
  EXPECT_DOUBLE_EQ(SqrtOf(mean).value, std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(SqrtOf(mean).token_error, 0.01 / (2 * std::sqrt(2.0)));
  EXPECT_EQ(SqrtOf({0, 0, 0}), (Estimate{0, 0, 0}));
}

TEST(SampleStatistics, PercentilesLieBetweenNeighbours) {
  const std::vector<double> values = {1, 2, 4, 8, 16};
  EXPECT_DOUBLE_EQ(Percentile(values, 0), 1);
  EXPECT_DOUBLE_EQ(Percentile(values, 0.5), 4);
  EXPECT_DOUBLE_EQ(Percentile(values, 0.625), 6);
  EXPECT_DOUBLE_EQ(Percentile(values, 1), 16);
  EXPECT_DOUBLE_EQ(Percentile(std::vector<double>{3}, 0.9), 3);
}

TEST(SampleStatistics, PercentileErrorIsThatOfCounting) {
  // Evenly spread values: the p-quantile of n of them in [0, 1] has the error sqrt(p (1 - p) / n).
  std::vector<double> values(10001);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) / 10000;
  const Estimate ninety = PercentileOf(values, 0.9);
  EXPECT_DOUBLE_EQ(ninety.value, 0.9);
  EXPECT_NEAR(ninety.token_error, std::sqrt(0.9 * 0.1 / 10001), 1e-9);
  EXPECT_TRUE(std::isnan(PercentileOf({}, 0.5).value));
}

TEST(SampleStatistics, JsonHasNullWhereThereIsNoError) {
  const nlohmann::json json = EstimateToJson({1.5, 0.25, std::nan("")});
  EXPECT_EQ(json.dump(), R"({"block_standard_error":null,"standard_error":0.25,"value":1.5})");
}

}  // namespace
}  // namespace hlwq::report
