#include "kernels/causal_conv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/each_target.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

std::vector<float> Gaussian(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) value = normal(random);
  return values;
}

struct Problem {
  Problem(size_t taps, size_t channels)
      : inputs(Gaussian(taps * channels, 1)), weights(Gaussian(taps * channels, 2)) {
    for (size_t n = 0; n < taps; ++n) rows.push_back(inputs.data() + n * channels);
  }
  std::vector<float> inputs, weights;
  std::vector<const float*> rows;
};

constexpr size_t kTaps[] = {1, 2, 4, 7};
constexpr size_t kChannels[] = {1, 3, 15, 16, 17, 64, 127, 576, 2049};

TEST(ConvSilu, AgreesWithDoublePrecision) {
  for (const size_t taps : kTaps) {
    for (const size_t channels : kChannels) {
      const Problem problem(taps, channels);
      test::ForEachTarget([&](const char*) {
        std::vector<float> out(channels + 1, 12345);
        ConvSilu(problem.rows, problem.weights, std::span(out).first(channels));
        for (size_t c = 0; c < channels; ++c) {
          double sum = 0, size = 0;
          for (size_t n = 0; n < taps; ++n) {
            const double product =
                static_cast<double>(problem.weights[n * channels + c]) * problem.rows[n][c];
            sum += product;
            size += std::abs(product);
          }
          EXPECT_NEAR(out[c], sum / (1 + std::exp(-sum)), 1e-6 * size);
        }
        EXPECT_EQ(out[channels], 12345);
      });
    }
  }
}

TEST(ConvSilu, OutputMayTakeThePlaceOfAnyRow) {
  for (size_t row = 0; row < 4; ++row) {
    test::ForEachTarget([&](const char*) {
      Problem problem(4, 100);
      std::vector<float> want(100);
      ConvSilu(problem.rows, problem.weights, want);
      const std::span<float> place = std::span(problem.inputs).subspan(row * 100, 100);
      ConvSilu(problem.rows, problem.weights, place);
      EXPECT_EQ(std::vector<float>(place.begin(), place.end()), want);
    });
  }
}

TEST(ConvSilu, LargeSumsGiveNoNan) {
  const std::vector<float> row = {1000, -1000, 1e38f, -1e38f, 0}, ones(5, 1.0f);
  const std::vector<const float*> rows = {row.data()};
  test::ForEachTarget([&](const char*) {
    std::vector<float> out(5);
    ConvSilu(rows, ones, out);
    EXPECT_EQ(out, (std::vector<float>{1000, 0, 1e38f, 0, 0}));
  });
}

TEST(ConvSilu, ReadsNothingOutsideItsSpans) {
  for (const size_t channels : kChannels) {
    const Problem problem(2, channels);
    test::ForEachTarget([&](const char*) {
      std::vector<float> want(channels), got(channels);
      ConvSilu(problem.rows, problem.weights, want);
      for (const bool at_end : {false, true}) {
        const auto guard = [&](const float* from, size_t count) {
          return test::GuardedBytes(std::as_bytes(std::span(from, count)), at_end);
        };
        const auto first = guard(problem.rows[0], channels),
                   second = guard(problem.rows[1], channels);
        const auto weights = guard(problem.weights.data(), 2 * channels);
        const auto floats = [](const test::GuardedBytes& bytes) {
          return reinterpret_cast<const float*>(bytes.span().data());
        };
        const float* const rows[] = {floats(first), floats(second)};
        ConvSilu(rows, {floats(weights), 2 * channels}, got);
        EXPECT_EQ(got, want);
      }
    });
  }
}

}  // namespace
}  // namespace hlwq::kernels
