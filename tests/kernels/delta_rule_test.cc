#include "kernels/delta_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "tests/kernels/each_target.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kUntouched = -77;

struct Case {
  size_t key_dim = 32, value_dim = 64, tokens = 1;
  float decay = 0.1f;  // the mean of -log_alpha
};

// Rows are wider than what is used of them.
struct Problem {
  explicit Problem(const Case& of, unsigned seed = 1)
      : c(of),
        q(c.tokens * key_stride()),
        k(c.tokens * key_stride()),
        v(c.tokens * value_stride()),
        log_alpha(c.tokens * kGateStride),
        beta(c.tokens * kGateStride),
        state(c.key_dim * c.value_dim) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::exponential_distribution<float> decay(1 / c.decay);
    std::uniform_real_distribution<float> unit;
    for (std::vector<float>* values : {&q, &k, &v, &state}) {
      for (float& value : *values) value = normal(random);
    }
    for (float& value : log_alpha) value = -decay(random);
    for (float& value : beta) value = unit(random);
    for (size_t t = 0; t < c.tokens; ++t) {
      Normalize(&q[t * key_stride()], 1 / std::sqrt(static_cast<float>(c.key_dim)));
      Normalize(&k[t * key_stride()], 1);
    }
  }

  size_t key_stride() const { return c.key_dim + 3; }
  size_t value_stride() const { return c.value_dim + 5; }
  static constexpr size_t kGateStride = 2;

  void Normalize(float* row, float length) const {
    float sum = 0;
    for (size_t i = 0; i < c.key_dim; ++i) sum += row[i] * row[i];
    for (size_t i = 0; i < c.key_dim; ++i) row[i] *= length / std::sqrt(sum);
  }

  // Tokens [first, last) of a head that starts with `out`.
  DeltaHead Head(size_t first, size_t last, std::vector<float>& out) const {
    DeltaHead head;
    head.key_dim = c.key_dim;
    head.value_dim = c.value_dim;
    head.tokens = last - first;
    head.q = q.data() + first * key_stride();
    head.k = k.data() + first * key_stride();
    head.v = v.data() + first * value_stride();
    head.key_stride = key_stride();
    head.value_stride = head.out_stride = value_stride();
    head.log_alpha = log_alpha.data() + first * kGateStride;
    head.beta = beta.data() + first * kGateStride;
    head.gate_stride = kGateStride;
    head.out = out.data() + first * value_stride();
    return head;
  }

  Case c;
  std::vector<float> q, k, v, log_alpha, beta, state;
};

struct Result {
  std::vector<float> out, state;
};

// In calls of `at_once` tokens.
Result InCalls(const Problem& p, size_t at_once) {
  Result result = {std::vector<float>(p.v.size(), kUntouched), p.state};
  for (size_t first = 0; first < p.c.tokens; first += at_once) {
    DeltaRule(p.Head(first, std::min(p.c.tokens, first + at_once), result.out), result.state);
  }
  return result;
}

Result Together(const Problem& p) { return InCalls(p, p.c.tokens); }

struct Exact {
  std::vector<double> out, state;
};

// The recurrence of delta_rule.h, in float64 and word for word.
Exact Recurrence(const Problem& p) {
  const size_t key_dim = p.c.key_dim, value_dim = p.c.value_dim;
  Exact exact = {std::vector<double>(p.v.size(), kUntouched), {p.state.begin(), p.state.end()}};
  for (size_t t = 0; t < p.c.tokens; ++t) {
    const float* q = &p.q[t * p.key_stride()];
    const float* k = &p.k[t * p.key_stride()];
    const double alpha = std::exp(static_cast<double>(p.log_alpha[t * Problem::kGateStride]));
    const double beta = p.beta[t * Problem::kGateStride];
    for (double& s : exact.state) s *= alpha;
    for (size_t n = 0; n < value_dim; ++n) {
      double predicted = 0, out = 0;
      for (size_t i = 0; i < key_dim; ++i) predicted += exact.state[i * value_dim + n] * k[i];
      const double delta = beta * (p.v[t * p.value_stride() + n] - predicted);
      for (size_t i = 0; i < key_dim; ++i) {
        exact.state[i * value_dim + n] += k[i] * delta;
        out += exact.state[i * value_dim + n] * q[i];
      }
      exact.out[t * p.value_stride() + n] = out;
    }
  }
  return exact;
}

template <typename Real>
double LargestDifference(const std::vector<float>& a, const std::vector<Real>& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = std::isnan(difference) ? kInfinity : std::max(most, difference);
  }
  return most;
}

std::vector<Case> Cases() {
  return {
      {.tokens = 1},
      {.key_dim = 128, .value_dim = 128, .tokens = 1},
      {.key_dim = 1, .value_dim = 1, .tokens = 40},
      {.key_dim = 7, .value_dim = 3, .tokens = 33},
      {.key_dim = 32, .value_dim = 64, .tokens = 150},
      {.key_dim = 64, .value_dim = 32, .tokens = 16},
      {.key_dim = 20, .value_dim = 77, .tokens = 64},
      {.key_dim = 128, .value_dim = 128, .tokens = 300, .decay = 0.01f},
      {.key_dim = 128, .value_dim = 128, .tokens = 129, .decay = 20},
      {.key_dim = 255, .value_dim = 250, .tokens = 47},
      {.key_dim = 256, .value_dim = 256, .tokens = 80, .decay = 1},
  };
}

TEST(DeltaRule, AgreesWithDoubleRecurrence) {
  for (const Case& c : Cases()) {
    const Problem problem(c);
    const Exact want = Recurrence(problem);
    test::ForEachTarget([&](const char*) {
      const Result got = Together(problem);
      // States are of order 1, outputs of 1 / sqrt(key_dim).
      EXPECT_LT(LargestDifference(got.out, want.out), 2e-6) << c.key_dim << " " << c.tokens;
      EXPECT_LT(LargestDifference(got.state, want.state), 4e-6) << c.key_dim << " " << c.tokens;
    });
  }
}

TEST(DeltaRule, ErrorsDoNotGrowOverLongSequences) {
  for (const float decay : {1e-4f, 0.1f}) {
    const Problem problem({.key_dim = 16, .value_dim = 16, .tokens = 20000, .decay = decay});
    const Exact want = Recurrence(problem);
    test::ForEachTarget([&](const char*) {
      for (const size_t at_once : {size_t{1}, size_t{20000}}) {
        const Result got = InCalls(problem, at_once);
        EXPECT_LT(LargestDifference(got.out, want.out), 1e-5) << decay << " " << at_once;
        EXPECT_LT(LargestDifference(got.state, want.state), 1e-5) << decay << " " << at_once;
      }
    });
  }
}

TEST(DeltaRule, ChunksEqualSteps) {
  for (const Case& c : Cases()) {
    const Problem problem(c);
    test::ForEachTarget([&](const char*) {
      const Result chunks = Together(problem), steps = InCalls(problem, 1);
      EXPECT_LT(LargestDifference(chunks.out, steps.out), 4e-6) << c.key_dim << " " << c.tokens;
      if (c.key_dim > 100 && c.tokens >= 16) {  // or it would not be two forms
        EXPECT_GT(LargestDifference(chunks.out, steps.out), 0) << c.key_dim << " " << c.tokens;
      }
      EXPECT_LT(LargestDifference(chunks.state, steps.state), 8e-6) << c.key_dim << " " << c.tokens;
    });
  }
}

TEST(DeltaRule, StateCarriesOver) {
  const Problem problem({.key_dim = 24, .value_dim = 40, .tokens = 100});
  test::ForEachTarget([&](const char*) {
    const Result whole = Together(problem);
    for (size_t split = 0; split <= 100; ++split) {
      Result parts = {std::vector<float>(problem.v.size(), kUntouched), problem.state};
      DeltaRule(problem.Head(0, split, parts.out), parts.state);
      DeltaRule(problem.Head(split, 100, parts.out), parts.state);
      EXPECT_LT(LargestDifference(parts.out, whole.out), 4e-6) << split;
      EXPECT_LT(LargestDifference(parts.state, whole.state), 8e-6) << split;
    }
  });
}

TEST(DeltaRule, NoTokensLeaveTheState) {
  const Problem problem({.tokens = 20});
  test::ForEachTarget([&](const char*) {
    Result result = {std::vector<float>(problem.v.size(), kUntouched), problem.state};
    DeltaRule(problem.Head(7, 7, result.out), result.state);
    EXPECT_EQ(result.state, problem.state);
    EXPECT_EQ(result.out, std::vector<float>(problem.v.size(), kUntouched));
  });
}

// A token whose decay is so small starts anew, whatever was before it.
TEST(DeltaRule, DecayOfMinusTenThousandForgets) {
  const Case c = {.key_dim = 32, .value_dim = 48, .tokens = 70};
  for (const float log_alpha : {-1e4f, -200.0f, -1e38f, -kInfinity}) {
    for (const size_t at : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{40}, size_t{69}}) {
      Problem problem(c);
      problem.log_alpha[at * Problem::kGateStride] = log_alpha;
      Problem without = problem;  // any history
      for (size_t i = 0; i < at * problem.value_stride(); ++i) without.v[i] *= -3;
      for (float& s : without.state) s = 1000;
      const Exact want = Recurrence(problem);
      test::ForEachTarget([&](const char*) {
        for (const size_t at_once : {size_t{1}, c.tokens}) {
          const Result got = InCalls(problem, at_once), other = InCalls(without, at_once);
          EXPECT_LT(LargestDifference(got.out, want.out), 4e-6) << at;
          EXPECT_EQ(got.state, other.state) << at;
          for (size_t i = at * problem.value_stride(); i < got.out.size(); ++i) {
            ASSERT_EQ(got.out[i], other.out[i]) << at;
          }
        }
      });
    }
  }
}

TEST(DeltaRule, WhenAllIsForgottenATokenSeesItselfOnly) {
  Problem problem({.key_dim = 16, .value_dim = 20, .tokens = 50});
  std::fill(problem.log_alpha.begin(), problem.log_alpha.end(), -1e4f);
  const Exact want = Recurrence(problem);
  test::ForEachTarget([&](const char*) {
    const Result got = Together(problem);
    EXPECT_LT(LargestDifference(got.out, want.out), 1e-6);
    const size_t last = 49;
    for (size_t i = 0; i < 16; ++i) {
      for (size_t n = 0; n < 20; ++n) {
        const double value = static_cast<double>(problem.beta[last * Problem::kGateStride]) *
                             problem.v[last * problem.value_stride() + n] *
                             problem.k[last * problem.key_stride() + i];
        EXPECT_NEAR(got.state[i * 20 + n], value, 1e-6);
      }
    }
    Problem nothing = problem;
    std::fill(nothing.beta.begin(), nothing.beta.end(), 0.0f);
    EXPECT_EQ(Together(nothing).state, std::vector<float>(16 * 20, 0.0f));
  });
}

// Keys that are all the same and betas of 1 make the worst systems to solve.
TEST(DeltaRule, RepeatedKeysKeepTheLastValue) {
  Problem problem({.key_dim = 32, .value_dim = 32, .tokens = 200});
  for (size_t t = 1; t < 200; ++t) {
    std::copy_n(problem.k.begin(), 32, &problem.k[t * problem.key_stride()]);
  }
  std::fill(problem.log_alpha.begin(), problem.log_alpha.end(), 0.0f);
  std::fill(problem.beta.begin(), problem.beta.end(), 1.0f);
  const Exact want = Recurrence(problem);
  test::ForEachTarget([&](const char*) {
    const Result got = Together(problem);
    EXPECT_LT(LargestDifference(got.out, want.out), 1e-5);
    for (size_t n = 0; n < 32; ++n) {
      double recalled = 0;
      for (size_t i = 0; i < 32; ++i) recalled += problem.k[i] * got.state[i * 32 + n];
      EXPECT_NEAR(recalled, problem.v[199 * problem.value_stride() + n], 1e-5);
    }
  });
}

TEST(DeltaRule, WritesOnlyWhatItsTokensHave) {
  const Problem problem({.key_dim = 8, .value_dim = 21, .tokens = 37});
  test::ForEachTarget([&](const char*) {
    const Result got = Together(problem);
    for (size_t i = 0; i < got.out.size(); ++i) {
      EXPECT_EQ(got.out[i] != kUntouched, i % problem.value_stride() < 21) << i;
    }
  });
}

TEST(DeltaRule, WhatIsNotFiniteStaysInItsTokensAndThoseAfter) {
  const Problem good({.key_dim = 16, .value_dim = 24, .tokens = 60});
  for (const float value : {std::nanf(""), kInfinity, -kInfinity}) {
    for (const size_t at : {size_t{3}, size_t{31}, size_t{32}, size_t{55}}) {
      Problem bad_value = good, bad_key = good, bad_query = good, bad_beta = good, bad_alpha = good;
      bad_value.v[at * good.value_stride() + 2] = value;
      bad_key.k[at * good.key_stride() + 2] = value;
      bad_query.q[at * good.key_stride() + 2] = value;
      bad_beta.beta[at * Problem::kGateStride] = value;
      bad_alpha.log_alpha[at * Problem::kGateStride] = std::abs(value);
      for (const Problem* bad : {&bad_value, &bad_key, &bad_query, &bad_beta, &bad_alpha}) {
        test::ForEachTarget([&](const char*) {
          const Result before = Together(good), after = Together(*bad);
          const size_t row = at * good.value_stride();
          EXPECT_EQ(std::memcmp(after.out.data(), before.out.data(), row * sizeof(float)), 0);
          EXPECT_FALSE(std::isfinite(after.out[row + 2]));
          if (bad == &bad_query) {
            EXPECT_EQ(after.state, before.state);
          }
        });
      }
    }
  }
}

std::span<const std::byte> Bytes(std::span<const float> values) { return std::as_bytes(values); }

TEST(DeltaRule, ReadsNothingOutsideItsSpans) {
  const auto end = [](size_t rows, size_t stride, size_t width) {
    return (rows - 1) * stride + width;
  };
  for (const Case& c : Cases()) {
    const Problem p(c);
    test::ForEachTarget([&](const char*) {
      const Result want = Together(p);
      for (const bool at_end : {false, true}) {
        const auto guard = [&](const std::vector<float>& values, size_t stride, size_t width) {
          return std::span(values).first(end(c.tokens, stride, width));
        };
        using test::GuardedBytes;
        const GuardedBytes q(Bytes(guard(p.q, p.key_stride(), c.key_dim)), at_end);
        const GuardedBytes k(Bytes(guard(p.k, p.key_stride(), c.key_dim)), at_end);
        const GuardedBytes v(Bytes(guard(p.v, p.value_stride(), c.value_dim)), at_end);
        const GuardedBytes log_alpha(Bytes(guard(p.log_alpha, Problem::kGateStride, 1)), at_end);
        const GuardedBytes beta(Bytes(guard(p.beta, Problem::kGateStride, 1)), at_end);
        GuardedBytes state(Bytes(p.state), at_end);
        std::vector<float> blank(end(c.tokens, p.value_stride(), c.value_dim), kUntouched);
        GuardedBytes out(Bytes(blank), at_end);
        DeltaHead head = p.Head(0, c.tokens, blank);
        const auto floats = [](const GuardedBytes& bytes) {
          return reinterpret_cast<const float*>(bytes.span().data());
        };
        head.q = floats(q);
        head.k = floats(k);
        head.v = floats(v);
        head.log_alpha = floats(log_alpha);
        head.beta = floats(beta);
        head.out = reinterpret_cast<float*>(out.writable().data());
        DeltaRule(head,
                  {reinterpret_cast<float*>(state.writable().data()), c.key_dim * c.value_dim});
        EXPECT_EQ(std::memcmp(state.span().data(), want.state.data(), state.span().size()), 0);
        EXPECT_EQ(std::memcmp(out.span().data(), want.out.data(), out.span().size()), 0);
      }
    });
  }
}

TEST(DeltaGates, RowsAreApart) {
  const std::vector<float> inputs = {1, 2, 9, -3, 4, 9, 5, -6, 9}, zeros(2);
  const auto a = RowSpan<const float>(inputs, 3).Columns(0, 2);
  std::vector<float> log_alpha(6), beta(6), one_log_alpha(2), one_beta(2);
  DeltaGates(a, a, zeros, zeros, {log_alpha, 2}, {beta, 2});
  for (size_t row = 0; row < 3; ++row) {
    DeltaGates(a[row], a[row], zeros, zeros, one_log_alpha, one_beta);
    EXPECT_TRUE(std::ranges::equal(std::span(log_alpha).subspan(2 * row, 2), one_log_alpha));
    EXPECT_TRUE(std::ranges::equal(std::span(beta).subspan(2 * row, 2), one_beta));
  }
}

TEST(DeltaGates, AgreeWithDoublePrecision) {
  const std::vector<float> a = {0, 1, -1, 5, 20, 90, 1000, -5, -20, -60, 3.3f, -0.4f};
  const std::vector<float> b = {0, 1, -1, 5, 20, 90, 1000, -5, -20, -80, 3.3f, -0.4f};
  const std::vector<float> a_log = {0, 1, -3, 2.7f, -8, 0.1f, 3, -1, 2, 1, -0.2f, 0.5f};
  const std::vector<float> dt_bias = {0, -1, 2, -5, 0.5f, 1, -3, 4, 0.1f, -0.1f, -9, 0};
  std::vector<float> log_alpha(a.size()), beta(a.size());
  DeltaGates(a, b, a_log, dt_bias, log_alpha, beta);
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] + dt_bias[i];
    const double softplus = x > 40 ? x : std::log1p(std::exp(x));
    const double want = -std::exp(static_cast<double>(a_log[i])) * softplus;
    EXPECT_NEAR(log_alpha[i], want, 1e-6 * std::abs(want)) << i;
    const double sigmoid = 1 / (1 + std::exp(-static_cast<double>(b[i])));
    EXPECT_NEAR(beta[i], sigmoid, 1e-6 * sigmoid) << i;
  }
  std::vector<float> a_in_place = a, b_in_place = b;
  DeltaGates(a_in_place, b_in_place, a_log, dt_bias, a_in_place, b_in_place);
  EXPECT_EQ(a_in_place, log_alpha);
  EXPECT_EQ(b_in_place, beta);
}

TEST(DeltaGates, EndsAreNotNan) {
  const std::vector<float> ends = {1e38f, -1e38f, kInfinity, -kInfinity, 100, -200};
  const std::vector<float> zeros(ends.size());
  std::vector<float> log_alpha(ends.size()), beta(ends.size());
  DeltaGates(ends, ends, zeros, zeros, log_alpha, beta);
  EXPECT_EQ(log_alpha, (std::vector<float>{-1e38f, 0, -kInfinity, 0, -100, 0}));
  EXPECT_EQ(beta, (std::vector<float>{1, 0, 1, 0, 1, 0}));
}

}  // namespace
}  // namespace hlwq::kernels
