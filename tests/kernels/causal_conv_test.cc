#include "kernels/causal_conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tests/kernels/each_target.h"
#include "tests/kernels/gaussian.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

using test::Gaussian;

constexpr size_t kTokens = 5;

// Inputs are columns of wider rows.
struct Problem {
  Problem(size_t taps, size_t channels)
      : earlier_floats(Gaussian((taps - 1) * channels, 1)),
        input_floats(Gaussian(kTokens * (channels + 3), 3)),
        weights(Gaussian(taps * channels, 2)),
        earlier(earlier_floats, channels),
        inputs(RowSpan<const float>(input_floats, channels + 3).Columns(2, channels)) {}
  Problem(const Problem&) = delete;

  std::vector<float> earlier_floats, input_floats, weights;
  RowSpan<const float> earlier, inputs;

  // Of a token, without the silu, and the sum of magnitudes.
  std::pair<double, double> Sum(size_t token, size_t channel) const {
    double sum = 0, size = 0;
    for (size_t n = 0; n <= earlier.rows; ++n) {
      const size_t at = token + n;
      const float x = at < earlier.rows ? earlier[at][channel] : inputs[at - earlier.rows][channel];
      const double product = static_cast<double>(weights[n * inputs.width + channel]) * x;
      sum += product;
      size += std::abs(product);
    }
    return {sum, size};
  }
};

constexpr size_t kTaps[] = {1, 2, 4, 7};
constexpr size_t kChannels[] = {1, 3, 15, 16, 17, 64, 127, 576, 2049};

TEST(ConvSilu, AgreesWithDoublePrecision) {
  for (const size_t taps : kTaps) {
    for (const size_t channels : kChannels) {
      const Problem problem(taps, channels);
      test::ForEachTarget([&](const char*) {
        std::vector<float> out(kTokens * (channels + 1), 12345);
        const RowSpan<float> rows = {out, channels + 1};
        ConvSilu(problem.earlier, problem.inputs, problem.weights, {0, kTokens},
                 rows.Columns(0, channels));
        for (size_t token = 0; token < kTokens; ++token) {
          for (size_t c = 0; c < channels; ++c) {
            const auto [sum, size] = problem.Sum(token, c);
            EXPECT_NEAR(rows[token][c], sum / (1 + std::exp(-sum)), 1e-6 * size);
          }
          EXPECT_EQ(rows[token][channels], 12345);
        }
      });
    }
  }
}

TEST(ConvSilu, AnyRangeOfTokensHasTheSameBits) {
  const Problem problem(4, 100);
  test::ForEachTarget([&](const char*) {
    std::vector<float> want(kTokens * 100);
    ConvSilu(problem.earlier, problem.inputs, problem.weights, {0, kTokens}, {want, 100});
    for (size_t begin = 0; begin <= kTokens; ++begin) {
      for (size_t end = begin; end <= kTokens; ++end) {
        std::vector<float> out((end - begin) * 100);
        ConvSilu(problem.earlier, problem.inputs, problem.weights, {begin, end}, {out, 100});
        EXPECT_TRUE(std::ranges::equal(out, std::span(want).subspan(begin * 100, out.size())));
      }
    }
  });
}

TEST(ConvSilu, LargeSumsGiveNoNan) {
  const std::vector<float> row = {1000, -1000, 1e38f, -1e38f, 0}, ones(5, 1.0f);
  test::ForEachTarget([&](const char*) {
    std::vector<float> out(5);
    ConvSilu({std::span<const float>(), 5}, row, ones, {0, 1}, out);
    EXPECT_EQ(out, (std::vector<float>{1000, 0, 1e38f, 0, 0}));
  });
}

TEST(ConvSilu, ReadsNothingOutsideItsSpans) {
  for (const size_t channels : kChannels) {
    const Problem problem(2, channels);
    test::ForEachTarget([&](const char*) {
      std::vector<float> want(channels), got(channels);
      ConvSilu(problem.earlier, problem.inputs, problem.weights, {0, 1}, want);
      for (const bool at_end : {false, true}) {
        const auto guard = [&](const float* from, size_t count) {
          return test::GuardedBytes(std::as_bytes(std::span(from, count)), at_end);
        };
        const auto earlier = guard(problem.earlier.data, channels),
                   input = guard(problem.inputs.data, channels);
        const auto weights = guard(problem.weights.data(), 2 * channels);
        const auto floats = [](const test::GuardedBytes& bytes) {
          return std::span(reinterpret_cast<const float*>(bytes.span().data()),
                           bytes.span().size() / sizeof(float));
        };
        ConvSilu(floats(earlier), floats(input), floats(weights), {0, 1}, got);
        EXPECT_EQ(got, want);
      }
    });
  }
}

}  // namespace
}  // namespace hlwq::kernels
