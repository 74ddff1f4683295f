#include "eval/distribution_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace hlwq::eval {
namespace {

using report::kTopTokens;
using report::TokenError;
using report::TopTokens;
using testing::ElementsAre;

std::vector<float> Logits(std::vector<double> probabilities, double shift = 0) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p) + shift));
  return logits;
}

std::vector<float> Noise(size_t count, uint64_t seed, float scale) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = scale * NearNormal(seed, i);
  return values;
}

TokenError Compare(const std::vector<float>& reference, const std::vector<float>& logits,
                   size_t token) {
  const Prediction prediction(reference);
  return CompareLogits(prediction, EntropyOf(prediction), Prediction(logits), token);
}

TEST(DistributionError, IsTheDivergenceOfKnownDistributions) {
  // KL(1/2, 1/4, 1/4 || 1/4, 1/4, 1/2) = 1/2 ln 2 - 1/4 ln 2.
  const TokenError error = Compare(Logits({0.5, 0.25, 0.25}), Logits({0.25, 0.25, 0.5}), 0);
  EXPECT_NEAR(error.kl, 0.25 * std::log(2), 1e-6);
  EXPECT_NEAR(error.entropy, 1.5 * std::log(2), 1e-6);
  EXPECT_NEAR(error.reference_nll, std::log(2), 3e-7);
  EXPECT_NEAR(error.nll, std::log(4), 3e-7);
  EXPECT_NEAR(error.ProbabilityDifference(), -0.25, 3e-7);
  EXPECT_EQ(error.reference_top, 0);
  EXPECT_EQ(error.top, 2);
  EXPECT_FALSE(error.HasSameTop());
  EXPECT_EQ(error.shared_top, 3);
}

TEST(DistributionError, EqualLogitsDifferByExactlyNothing) {
  const std::vector<float> logits = Noise(4099, 1, 5);
  const TokenError error = Compare(logits, logits, 17);
  EXPECT_EQ(error.kl, 0);
  EXPECT_EQ(error.nll, error.reference_nll);
  EXPECT_TRUE(error.HasSameTop());
  EXPECT_EQ(error.shared_top, kTopTokens);
}

TEST(DistributionError, DoesNotDependOnWhereTheLogitsLie) {
  const TokenError near = Compare(Logits({0.7, 0.2, 0.1}), Logits({0.6, 0.3, 0.1}), 1);
  const TokenError far = Compare(Logits({0.7, 0.2, 0.1}, 1000), Logits({0.6, 0.3, 0.1}, -900), 1);
  EXPECT_NEAR(far.kl, near.kl, 1e-4);  // logits of 1000 have steps of 6e-5
  EXPECT_NEAR(far.nll, near.nll, 1e-4);
}

TEST(DistributionError, SmallDifferencesCostHalfTheirVariance) {
  // For b = a + e d with small e: KL = e^2 / 2 * variance of d under P, to order e^3.
  const std::vector<float> a = Noise(1000, 2, 2), d = Noise(1000, 3, 1);
  constexpr double kStep = 1.0 / 256;
  std::vector<float> b(a.size());
  double sum = 0, mean = 0, square = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    b[i] = a[i] + static_cast<float>(kStep) * d[i];
    const double weight = std::exp(double{a[i]}), moved = double{b[i]} - double{a[i]};
    sum += weight;
    mean += weight * moved;
    square += weight * moved * moved;
  }
  const double variance = square / sum - mean / sum * mean / sum;
  EXPECT_NEAR(Compare(a, b, 0).kl / (variance / 2), 1, 0.01);
}

TEST(DistributionError, IsNeverNegative) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<float> a = Noise(300, seed, 10);
    std::vector<float> b = a;
    for (size_t i = 0; i < b.size(); ++i) b[i] += 1e-6f * NearNormal(seed + 1000, i);
    EXPECT_GE(Compare(a, b, 0).kl, 0);
  }
}

TEST(DistributionError, WhatIsNotFiniteShows) {
  std::vector<float> logits = {1, 2, 3};
  std::vector<float> broken = {1, std::numeric_limits<float>::quiet_NaN(), 3};
  EXPECT_FALSE(std::isfinite(Compare(logits, broken, 0).kl));
  EXPECT_FALSE(std::isfinite(Compare(broken, logits, 0).kl));
  broken[1] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(std::isfinite(Compare(logits, broken, 0).kl));
}

TEST(TopTokens, AreTheLargestWithTheFirstOfEquals) {
  EXPECT_THAT(FindTopTokens(std::vector<float>{3, 9, 1, 9, 4, 8, 7, 2}),
              ElementsAre(1, 3, 5, 6, 4));
  EXPECT_THAT(FindTopTokens(std::vector<float>{1, 1, 1, 1, 1, 1, 1}), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(FindTopTokens(std::vector<float>{-5, -4}), ElementsAre(1, 0, -1, -1, -1));
}

TEST(TopTokens, AgreeWithSorting) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<float> logits = Noise(500, seed, 1);
    std::vector<int32_t> order(logits.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
    std::ranges::stable_sort(order, [&](int32_t a, int32_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    const TopTokens top = FindTopTokens(logits);
    EXPECT_TRUE(std::ranges::equal(top, std::span(order).first(kTopTokens)));
  }
}

TEST(TopTokens, SharedOnesCountWithoutOrder) {
  // Five likeliest {0..4} and {0, 1, 2, 8, 9}.
  const std::vector<float> a = {9, 8, 7, 6, 5, 0, 0, 0, 0, 0};
  const std::vector<float> b = {5, 6, 7, 0, 0, 0, 0, 0, 8, 9};
  EXPECT_EQ(Compare(a, b, 0).shared_top, 3);
}

}  // namespace
}  // namespace hlwq::eval
