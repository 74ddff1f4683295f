// Attention over coded pages against attention in double precision over what they decode to.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "tests/kernels/coded_kv_caches.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/gaussian.h"

namespace hlwq::kernels {
namespace {

using test::Gaussian;

using Case = test::CodedKvCase;
using Caches = test::CodedKvCaches;

struct Problem {
  explicit Problem(const Case& of, float sharpness = 1)
      : c(of),
        q(Gaussian(c.queries * c.heads() * c.head_dim, 1)),
        keys(Gaussian(c.positions() * c.kv_heads * c.head_dim, 2)),
        values(Gaussian(c.positions() * c.kv_heads * c.head_dim, 3)),
        scale(sharpness / std::sqrt(static_cast<float>(c.head_dim))) {}

  AttentionProblem Arguments(std::vector<float>& out) const {
    return {.heads = c.heads(),
            .scale = scale,
            .window = c.window,
            .first_position = c.first_position,
            .queries = c.queries,
            .q = q.data(),
            .q_stride = c.heads() * c.head_dim,
            .out = out.data(),
            .out_stride = c.heads() * c.head_dim};
  }

  // One span after the other, the last one first.
  std::vector<float> AttendInSpans(const Caches& caches) const {
    std::vector<float> out(q.size(), -77.0f);
    const AttentionProblem problem = Arguments(out);
    const kernels::AttentionSpans spans = problem.SpansOf(0, c.queries);
    EXPECT_GT(spans.count(), 1u);
    std::vector<float> parts(c.queries * c.heads() * spans.count() *
                             (c.head_dim + kAttentionPartFloats));
    for (size_t span = spans.last; span-- > spans.first;) {
      for (size_t head = 0; head < c.kv_heads; ++head) {
        AttendSpan(problem, caches.plain(), &caches.coded(), head, span, parts.data());
      }
    }
    for (size_t query = 0; query < c.queries; ++query) {
      for (size_t head = 0; head < c.heads(); ++head) {
        MergeSpans(problem, parts.data(), c.head_dim, query, head);
      }
    }
    return out;
  }

  // `at_once` queries at a time.
  std::vector<float> Attend(const Caches& caches, size_t at_once) const {
    std::vector<float> out(q.size(), -77.0f);
    const AttentionProblem problem = Arguments(out);
    for (size_t head = 0; head < c.kv_heads; ++head) {
      for (size_t begin = 0; begin < c.queries; begin += at_once) {
        kernels::Attend(problem, caches.plain(), &caches.coded(), head, begin,
                        std::min(c.queries, begin + at_once));
      }
    }
    return out;
  }

  std::vector<double> Reference(const Caches& caches) const {
    std::vector<double> out(q.size());
    const size_t d = c.head_dim;
    for (size_t query = 0; query < c.queries; ++query) {
      const size_t position = c.first_position + query, end = position + 1;
      const size_t begin = c.window == 0 || c.window >= end ? 0 : end - c.window;
      for (size_t kv_head = 0; kv_head < c.kv_heads; ++kv_head) {
        std::vector<float> k, v;
        for (size_t page = 0; page * kKvTile < end; ++page) {
          const auto& more_keys = caches.Keys(page, kv_head, position);
          const auto& more_values = caches.Values(page, kv_head, position);
          k.insert(k.end(), more_keys.begin(), more_keys.end());
          v.insert(v.end(), more_values.begin(), more_values.end());
        }
        for (size_t in_group = 0; in_group < c.group; ++in_group) {
          const size_t at = (query * c.heads() + kv_head * c.group + in_group) * d;
          std::vector<double> weights;
          for (size_t j = begin; j < end; ++j) {
            double score = 0;
            for (size_t i = 0; i < d; ++i) score += static_cast<double>(q[at + i]) * k[j * d + i];
            weights.push_back(score * scale);
          }
          const double most = *std::max_element(weights.begin(), weights.end());
          double sum = 0;
          for (double& weight : weights) sum += weight = std::exp(weight - most);
          for (size_t j = begin; j < end; ++j) {
            for (size_t i = 0; i < d; ++i) out[at + i] += weights[j - begin] / sum * v[j * d + i];
          }
        }
      }
    }
    return out;
  }

  Case c;
  std::vector<float> q, keys, values;
  float scale;
};

// The norm of the difference in one head's output, relative to that of the output: the worst.
double WorstError(const std::vector<float>& got, const std::vector<double>& want, size_t head_dim) {
  double worst = 0;
  for (size_t first = 0; first < want.size(); first += head_dim) {
    double error = 0, norm = 0;
    for (size_t i = first; i < first + head_dim; ++i) {
      error += (got[i] - want[i]) * (got[i] - want[i]);
      norm += want[i] * want[i];
    }
    const double relative = std::sqrt(error / norm);
    if (!(relative <= worst)) worst = relative;  // NaN too
  }
  return worst;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const int keys : {2, 3, 4, 8, 16}) {
    for (const int values : {2, 3, 4, 8, 16}) {
      cases.push_back({.key_bits = keys,
                       .value_bits = values,
                       .kv_heads = 2,
                       .group = 3,
                       .head_dim = 64,
                       .first_position = 200,
                       .queries = 1});
    }
  }
  for (const int bits : {2, 3, 4, 8}) {
    for (const size_t head_dim : {8, 24, 32, 80, 96, 128, 160, 192, 256, 512}) {
      cases.push_back({.key_bits = bits,
                       .value_bits = bits,
                       .kv_heads = 1,
                       .group = 2,
                       .head_dim = head_dim,
                       .first_position = 150,
                       .queries = 70});
    }
  }
  for (const size_t group : {1, 2, 4, 5, 6, 7, 8, 12}) {
    cases.push_back({.key_bits = 3, .value_bits = 4, .group = group, .first_position = 300});
  }
  cases.push_back({.first_page = 0, .first_position = 190, .queries = 20});
  cases.push_back({.group = 2, .first_page = 2, .first_position = 0, .queries = 300});
  cases.push_back({.group = 2, .window = 100, .first_position = 250, .queries = 90});
  cases.push_back({.group = 3, .window = 1, .first_position = 250, .queries = 3});
  cases.push_back({.first_page = 0, .first_position = 0, .queries = 3});
  return cases;
}

TEST(CodedAttention, IsCloseToAttentionOverWhatIsDecoded) {
  for (const Case& c : Cases()) {
    for (const float sharpness : {1.0f, 6.0f}) {
      SCOPED_TRACE(c.Name());
      const Problem problem(c, sharpness);
      test::ForEachTarget([&](const char*) {
        const Caches caches(c, problem.keys, problem.values);
        EXPECT_LT(WorstError(problem.Attend(caches, kAttentionQueryTile), problem.Reference(caches),
                             c.head_dim),
                  1e-3);
      });
    }
  }
}

TEST(CodedAttention, GivesEachQueryTheSameBitsWhateverIsComputedWithIt) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.Name());
    const Problem problem(c);
    test::ForEachTarget([&](const char*) {
      const Caches caches(c, problem.keys, problem.values);
      const std::vector<float> alone = problem.Attend(caches, 1);
      EXPECT_EQ(problem.Attend(caches, kAttentionQueryTile), alone);
      EXPECT_EQ(problem.Attend(caches, 64), alone);
    });
  }
}

// Over more than one span, on one thread and taken apart.
TEST(AttentionSpans, OfPositionsGiveTogetherWhatAttendGives) {
  for (const Case& c : {Case{.group = 2, .first_position = 2 * kAttentionSpan + 100, .queries = 5},
                        Case{.kv_heads = 2,
                        .head_dim = 32,
                        .window = kAttentionSpan + 50,
                        .first_position = 3 * kAttentionSpan - 2,
                        .queries = 4}}) {
    SCOPED_TRACE(c.Name());
    const Problem problem(c);
    test::ForEachTarget([&](const char*) {
      const Caches caches(c, problem.keys, problem.values);
      const std::vector<float> whole = problem.Attend(caches, kAttentionQueryTile);
      EXPECT_LT(WorstError(whole, problem.Reference(caches), c.head_dim), 1e-3);
      EXPECT_EQ(problem.Attend(caches, 1), whole);
      EXPECT_EQ(problem.AttendInSpans(caches), whole);
    });
  }
}

// How much of a Gaussian vector's direction the codes keep: with Lloyd-Max codes of 2 bits and the best
// multiplier, .9402 of long vectors.
TEST(CodedAttention, KeepsTheDirectionsOfGaussianVectors) {
  constexpr size_t kHeadDim = 128;
  struct Want {
    int bits;
    double cosine;
  };
  for (const Want want : {Want{8, 0.9999}, Want{4, 0.9952}, Want{3, 0.983}, Want{2, 0.9405}}) {
    Case c = {.key_bits = want.bits,
              .value_bits = want.bits,
              .head_dim = kHeadDim,
              .first_page = 0,
              .first_position = 64 * 16};
    const Problem problem(c);
    const Caches caches(c, problem.keys, problem.values);
    for (const bool is_keys : {true, false}) {
      double sum = 0;
      for (size_t page = 0; page < 16; ++page) {
        const auto decoded =
            is_keys ? caches.Keys(page, 0, 64 * 16) : caches.Values(page, 0, 64 * 16);
        const float* from =
            (is_keys ? problem.keys : problem.values).data() + page * decoded.size();
        for (size_t token = 0; token < kKvTile; ++token) {
          double product = 0, a = 0, b = 0;
          for (size_t i = token * kHeadDim; i < (token + 1) * kHeadDim; ++i) {
            product += static_cast<double>(from[i]) * decoded[i];
            a += static_cast<double>(from[i]) * from[i];
            b += static_cast<double>(decoded[i]) * decoded[i];
          }
          sum += product / std::sqrt(a * b);
        }
      }
      const double cosine = sum / (16 * kKvTile);
      RecordProperty((is_keys ? "keys" : "values") + std::to_string(want.bits),
                     std::to_string(cosine));
      EXPECT_GT(cosine, want.cosine) << want.bits;
    }
  }
}

TEST(CodedAttention, HandsOnWhatIsNoNumber) {
  const Case c = {.group = 2, .head_dim = 64, .first_page = 0, .first_position = 128};
  for (const bool in_keys : {true, false}) {
    Problem problem(c);
    (in_keys ? problem.keys : problem.values)[70 * 64 + 3] =
        std::numeric_limits<float>::quiet_NaN();
    test::ForEachTarget([&](const char*) {
      const Caches caches(c, problem.keys, problem.values);
      for (const float value : problem.Attend(caches, 1)) EXPECT_TRUE(std::isnan(value));
    });
  }
  // A window that leaves the token out.
  Case short_window = c;
  short_window.window = 40;
  Problem problem(short_window);
  problem.keys[70 * 64 + 3] = problem.values[70 * 64 + 3] = std::numeric_limits<float>::quiet_NaN();
  test::ForEachTarget([&](const char*) {
    const Caches caches(short_window, problem.keys, problem.values);
    for (const float value : problem.Attend(caches, 1)) EXPECT_FALSE(std::isnan(value));
  });
}

TEST(CodedAttention, TakesZerosAndTheLargestNumbers) {
  for (const int bits : {2, 3, 4, 8}) {
    for (const float size : {0.0f, 1e-4f, 6e4f}) {
      const Case c = {.key_bits = bits, .value_bits = bits, .first_page = 0, .first_position = 128};
      Problem problem(c, size > 1 ? 1e-5f : 1.0f);
      for (float& value : problem.keys) value *= size / 4;
      for (float& value : problem.values) value *= size / 4;
      SCOPED_TRACE(size);
      test::ForEachTarget([&](const char*) {
        const Caches caches(c, problem.keys, problem.values);
        const std::vector<float> got = problem.Attend(caches, 1);
        const std::vector<double> want = problem.Reference(caches);
        for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-2 * size + 1e-9);
      });
    }
  }
}

}  // namespace
}  // namespace hlwq::kernels
