#include "kernels/logit_divergence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "kernels/vector_ops.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

std::vector<float> Noise(size_t count, uint64_t seed, float scale, float shift = 0) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = shift + scale * NearNormal(seed, i);
  return values;
}

std::vector<float> Sum(std::vector<float> a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

// ln P, in long double.
std::vector<long double> LogProbabilities(const std::vector<float>& x) {
  const long double most = *std::ranges::max_element(x);
  long double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<long double>(value) - most);
  std::vector<long double> logs;
  for (const float value : x)
    logs.push_back(static_cast<long double>(value) - most - std::log(sum));
  return logs;
}

double ExactEntropy(const std::vector<float>& x) {
  long double sum = 0;
  for (const long double log : LogProbabilities(x)) sum -= std::exp(log) * log;
  return static_cast<double>(sum);
}

double ExactDivergence(const std::vector<float>& x, const std::vector<float>& y) {
  const std::vector<long double> p = LogProbabilities(x), q = LogProbabilities(y);
  long double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += std::exp(p[i]) * (p[i] - q[i]);
  return static_cast<double>(sum);
}

double DivergenceOf(const std::vector<float>& x, const std::vector<float>& y) {
  return Divergence(x, LogSumExp(x), y, LogSumExp(y));
}

constexpr size_t kSizes[] = {1, 2, 15, 17, 300, 1024, 1025, 4099, 49152};

TEST(Entropy, EqualsLongDouble) {
  for (const size_t size : kSizes) {
    for (const float scale : {0.0f, 1.0f, 4.0f, 30.0f}) {
      const std::vector<float> x = Noise(size, size, scale, 7);
      const double want = ExactEntropy(x);
      test::ForEachTarget([&](const char*) {
        EXPECT_NEAR(Entropy(x, LogSumExp(x)), want, 1e-6 + 2e-6 * want) << size << " " << scale;
      });
    }
  }
}

TEST(Divergence, EqualsLongDoubleHoweverSmall) {
  for (const size_t size : kSizes) {
    for (const float scale : {1.0f, 4.0f, 15.0f}) {
      const std::vector<float> x = Noise(size, size, scale, 3);
      for (const float step : {4e-4f, 1e-2f, 0.1f, 0.4f, 1.0f, 5.0f}) {
        const std::vector<float> y = Sum(x, Noise(size, size + 1, step, step));
        const double want = ExactDivergence(x, y);
        test::ForEachTarget([&](const char* target) {
          EXPECT_NEAR(DivergenceOf(x, y), want, 1e-5 * want + 1e-13)
              << target << " " << size << " " << scale << " " << step;
        });
      }
    }
  }
}

TEST(Divergence, EqualRowsDifferByExactlyNothing) {
  for (const size_t size : kSizes) {
    const std::vector<float> x = Noise(size, 1, 8, 11);
    test::ForEachTarget([&](const char*) { EXPECT_EQ(DivergenceOf(x, x), 0) << size; });
  }
}

TEST(Divergence, HoldsForTokensThatOneFindsImpossible) {
  // One thing certain for P and impossible for Q, as far as floats go.
  std::vector<float> x(100, 0.0f), y(100, 0.0f);
  x[3] = 200;
  y[3] = -150;
  const double want = ExactDivergence(x, y);
  const double back = ExactDivergence(y, x);
  test::ForEachTarget([&](const char*) {
    EXPECT_NEAR(DivergenceOf(x, y), want, 1e-5 * want);
    EXPECT_NEAR(DivergenceOf(y, x), back, 1e-5 * back);
  });
}

TEST(Divergence, WhatIsNotFiniteShows) {
  const std::vector<float> x = Noise(100, 1, 2);
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const size_t at : {size_t{0}, size_t{40}, size_t{99}}) {
      std::vector<float> y = x;
      y[at] = value;
      test::ForEachTarget([&](const char*) {
        EXPECT_FALSE(std::isfinite(DivergenceOf(x, y)));
        EXPECT_FALSE(std::isfinite(DivergenceOf(y, x)));
      });
    }
  }
}

}  // namespace
}  // namespace hlwq::kernels
