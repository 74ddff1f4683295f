#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "codec/float_rows.h"
#include "tensor/buffer.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/gaussian.h"

namespace hlwq::kernels {
namespace {

using test::Gaussian;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Case {
  DType dtype = DType::kF16;
  size_t kv_heads = 1, group = 1, head_dim = 64;
  size_t page_tokens = 64, window = 0, first_position = 0, queries = 1;

  size_t heads() const { return kv_heads * group; }
  size_t positions() const { return first_position + queries; }
};

// A cache whose pages are all NaN before anything is stored.
class Cache {
 public:
  explicit Cache(const Case& c) {
    pages_.dtype = c.dtype;
    pages_.page_tokens = c.page_tokens;
    pages_.kv_heads = c.kv_heads;
    pages_.head_dim = c.head_dim;
    const size_t count = (c.positions() + c.page_tokens - 1) / c.page_tokens;
    const size_t bytes = 2 * pages_.page_bytes() + 64;
    for (size_t i = 0; i < count; ++i) {
      memory_.emplace_back(bytes);
      std::memset(memory_.back().data(), 0xFF, bytes);
    }
    // Out of order, as a pool would give them.
    for (size_t i = count; i-- > 0;) list_.push_back(memory_[i].data());
    pages_.pages = list_;
    pages_.keys_offset = hwy::RoundUpTo(pages_.page_bytes(), 64);
  }
  const KvPages& pages() const { return pages_; }

 private:
  std::vector<Buffer<std::byte>> memory_;
  std::vector<std::byte*> list_;
  KvPages pages_;
};

struct Problem {
  explicit Problem(const Case& of)
      : c(of),
        q(Gaussian(c.queries * c.heads() * c.head_dim, 1)),
        keys(Gaussian(c.positions() * c.kv_heads * c.head_dim, 2)),
        values(Gaussian(c.positions() * c.kv_heads * c.head_dim, 3)),
        scale(1 / std::sqrt(static_cast<float>(c.head_dim))) {}

  void Store(const KvPages& pages) const {
    const size_t width = c.kv_heads * c.head_dim;
    StoreKv(pages, 0, {keys, width}, {values, width});
  }

  AttentionProblem Arguments(std::vector<float>& out) const {
    AttentionProblem problem;
    problem.heads = c.heads();
    problem.scale = scale;
    problem.window = c.window;
    problem.first_position = c.first_position;
    problem.queries = c.queries;
    problem.q = q.data();
    problem.q_stride = problem.out_stride = c.heads() * c.head_dim;
    problem.out = out.data();
    return problem;
  }

  // `at_once` queries at a time.
  std::vector<float> Attend(const KvPages& pages, size_t at_once) const {
    std::vector<float> out(q.size(), -77.0f);
    const AttentionProblem problem = Arguments(out);
    for (size_t head = 0; head < c.kv_heads; ++head) {
      for (size_t begin = 0; begin < c.queries; begin += at_once) {
        kernels::Attend(problem, pages, nullptr, head, begin, std::min(c.queries, begin + at_once));
      }
    }
    return out;
  }

  std::vector<float> Rounded(const std::vector<float>& from) const {
    std::vector<std::byte> bytes(from.size() * BitsPerElement(c.dtype) / 8);
    std::vector<float> to(from.size());
    codec::FromFloatReference(from, c.dtype, bytes);
    codec::ToFloatReference(c.dtype, bytes, to);
    return to;
  }

  // In double precision.
  std::vector<double> Reference() const {
    const std::vector<float> k = Rounded(keys), v = Rounded(values);
    std::vector<double> out(q.size());
    const size_t d = c.head_dim, width = c.kv_heads * d;
    for (size_t query = 0; query < c.queries; ++query) {
      for (size_t head = 0; head < c.heads(); ++head) {
        const size_t at = (query * c.heads() + head) * d, column = head / c.group * d;
        const size_t end = c.first_position + query + 1;
        const size_t begin = c.window == 0 || c.window >= end ? 0 : end - c.window;
        std::vector<double> scores;
        for (size_t j = begin; j < end; ++j) {
          double score = 0;
          for (size_t i = 0; i < d; ++i) {
            score += static_cast<double>(q[at + i]) * k[j * width + column + i];
          }
          scores.push_back(score * scale);
        }
        const double most = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double& score : scores) sum += score = std::exp(score - most);
        for (size_t j = begin; j < end; ++j) {
          const double weight = scores[j - begin] / sum;
          for (size_t i = 0; i < d; ++i) out[at + i] += weight * v[j * width + column + i];
        }
      }
    }
    return out;
  }

  Case c;
  std::vector<float> q, keys, values;
  float scale;
};

std::vector<Case> Cases() {
  return {
      {.queries = 1},
      {.head_dim = 8, .queries = 17},
      {.dtype = DType::kBF16, .head_dim = 20, .first_position = 63, .queries = 3},
      {.kv_heads = 2, .group = 3, .head_dim = 64, .first_position = 100, .queries = 1},
      {.dtype = DType::kBF16, .kv_heads = 2, .group = 4, .first_position = 5, .queries = 150},
      {.dtype = DType::kF32, .kv_heads = 2, .group = 2, .head_dim = 48, .queries = 70},
      {.kv_heads = 3, .group = 8, .head_dim = 128, .page_tokens = 128, .first_position = 200},
      {.group = 9, .head_dim = 256, .first_position = 60, .queries = 9},
      {.kv_heads = 2, .head_dim = 80, .page_tokens = 256, .first_position = 1, .queries = 33},
      {.group = 2, .head_dim = 64, .window = 1, .first_position = 130, .queries = 5},
      {.group = 5, .head_dim = 96, .window = 40, .first_position = 30, .queries = 200},
      {.head_dim = 32, .window = 100, .queries = 180},
      {.dtype = DType::kF32, .group = 70, .head_dim = 16, .window = 64, .queries = 66},
      {.head_dim = 1, .queries = 70},
      {.group = 2, .head_dim = 300, .first_position = 64, .queries = 20},
  };
}

TEST(Attend, EqualsDoublePrecision) {
  for (const Case& c : Cases()) {
    const Problem problem(c);
    const std::vector<double> want = problem.Reference();
    test::ForEachTarget([&](const char*) {
      const Cache cache(c);
      problem.Store(cache.pages());
      const std::vector<float> got = problem.Attend(cache.pages(), kAttentionQueryTile);
      double worst = 0;
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_TRUE(std::isfinite(got[i]));
        worst = std::max(worst, std::abs(got[i] - want[i]));
      }
      EXPECT_LT(worst, 2e-6) << "head_dim " << c.head_dim;  // values are of order 1
    });
  }
}

TEST(Attend, AQueryHasTheSameBitsAloneInTilesAndOnPagesOfAnySize) {
  for (const Case& c : Cases()) {
    const Problem problem(c);
    test::ForEachTarget([&](const char*) {
      const Cache cache(c);
      problem.Store(cache.pages());
      const std::vector<float> alone = problem.Attend(cache.pages(), 1);
      for (const size_t at_once : {size_t{2}, size_t{7}, kAttentionQueryTile, size_t{1000}}) {
        const std::vector<float> together = problem.Attend(cache.pages(), at_once);
        EXPECT_EQ(std::memcmp(together.data(), alone.data(), 4 * alone.size()), 0) << at_once;
      }
      for (const size_t page_tokens : {size_t{64}, size_t{192}, size_t{512}}) {
        Case other = c;
        other.page_tokens = page_tokens;
        const Cache other_cache(other);
        problem.Store(other_cache.pages());
        const std::vector<float> got = problem.Attend(other_cache.pages(), kAttentionQueryTile);
        EXPECT_EQ(std::memcmp(got.data(), alone.data(), 4 * alone.size()), 0) << page_tokens;
      }
    });
  }
}

TEST(Attend, TouchesOnlyItsHeadsAndQueries) {
  const Problem problem({.kv_heads = 3, .group = 2, .head_dim = 24, .queries = 5});
  test::ForEachTarget([&](const char*) {
    const Cache cache(problem.c);
    problem.Store(cache.pages());
    std::vector<float> out(problem.q.size(), -77.0f);
    Attend(problem.Arguments(out), cache.pages(), nullptr, 1, 2, 4);
    for (size_t i = 0; i < out.size(); ++i) {
      const size_t query = i / (6 * 24), kv_head = i / 24 % 6 / 2;
      EXPECT_EQ(out[i] != -77.0f, kv_head == 1 && query >= 2 && query < 4) << i;
    }
  });
}

TEST(Attend, LargeScoresChooseOnePosition) {
  Problem problem({.dtype = DType::kF32, .head_dim = 16, .first_position = 149});
  std::fill(problem.q.begin(), problem.q.end(), 0.0f);
  problem.q[0] = 1;
  problem.scale = 1;
  for (const float size : {1e3f, 1e30f, 3e38f}) {
    for (size_t j = 0; j < 150; ++j) problem.keys[16 * j] = j == 90 ? size : -size;
    test::ForEachTarget([&](const char*) {
      const Cache cache(problem.c);
      problem.Store(cache.pages());
      const std::vector<float> want(problem.values.begin() + 90 * 16,
                                    problem.values.begin() + 91 * 16);
      EXPECT_EQ(problem.Attend(cache.pages(), 1), want);
    });
  }
}

TEST(Attend, ScoresOfMinusInfinityCountNothing) {
  Problem problem({.dtype = DType::kF32, .head_dim = 16, .first_position = 149});
  std::fill(problem.q.begin(), problem.q.end(), 0.0f);
  problem.q[0] = 1e10f;  // times -1e38: -inf
  const auto attend = [&](auto is_hidden) {
    for (size_t j = 0; j < 150; ++j) problem.keys[16 * j] = is_hidden(j) ? -1e38f : 1e-10f;
    const Cache cache(problem.c);
    problem.Store(cache.pages());
    return problem.Attend(cache.pages(), 1);
  };
  test::ForEachTarget([&](const char*) {
    // Whole tiles at the beginning and at the end are hidden.
    const std::vector<float> got = attend([](size_t j) { return j < 70 || j >= 120; });
    for (size_t i = 0; i < 16; ++i) {
      double want = 0;
      for (size_t j = 70; j < 120; ++j) want += problem.values[16 * j + i] / 50;
      EXPECT_NEAR(got[i], want, 1e-6);
    }
    EXPECT_EQ(attend([](size_t) { return true; }), std::vector<float>(16, 0.0f));
  });
}

TEST(Attend, WhatAQueryDoesNotSeeMayBeInfinite) {
  // Values of one token are infinite. Only the queries whose window holds it notice.
  const Problem problem(
      {.dtype = DType::kF32, .group = 2, .head_dim = 8, .window = 10, .queries = 40});
  test::ForEachTarget([&](const char*) {
    const Cache cache(problem.c);
    problem.Store(cache.pages());
    const std::vector<float> before = problem.Attend(cache.pages(), 40);
    auto* value = reinterpret_cast<float*>(cache.pages().values(0)) + 20 * 8;
    std::fill_n(value, 8, kInfinity);
    const std::vector<float> after = problem.Attend(cache.pages(), 40);
    for (size_t i = 0; i < after.size(); ++i) {
      const size_t query = i / 16;
      const bool sees = query >= 20 && query < 30;
      EXPECT_EQ(after[i], sees ? kInfinity : before[i]) << query;
    }
  });
}

TEST(StoreKv, PutsATokenIntoItsPlaceAndNothingElse) {
  const Case c = {.dtype = DType::kF32,
                  .kv_heads = 2,
                  .head_dim = 5,
                  .page_tokens = 128,
                  .first_position = 0,
                  .queries = 300};
  const std::vector<float> keys = Gaussian(10, 1), values = Gaussian(10, 2);
  for (const size_t position : {size_t{0}, size_t{63}, size_t{64}, size_t{129}, size_t{255}}) {
    const Cache cache(c);
    StoreKv(cache.pages(), position, keys, values);
    size_t written = 0;
    for (size_t page = 0; page < cache.pages().pages.size(); ++page) {
      for (size_t i = 0; i < 128 * 10; ++i) {
        written += !std::isnan(reinterpret_cast<const float*>(cache.pages().keys(page))[i]);
        written += !std::isnan(reinterpret_cast<const float*>(cache.pages().values(page))[i]);
      }
    }
    EXPECT_EQ(written, 20u);
    const auto* stored_keys = reinterpret_cast<const float*>(cache.pages().keys(position / 128));
    const auto* stored_values =
        reinterpret_cast<const float*>(cache.pages().values(position / 128));
    const size_t token = position % 128;
    for (size_t head = 0; head < 2; ++head) {
      for (size_t i = 0; i < 5; ++i) {
        const size_t key = ((head * 2 + token / 64) * 5 + i) * 64 + token % 64;
        EXPECT_EQ(stored_keys[key], keys[head * 5 + i]);
        const size_t value = (head * 128 + token) * 5 + i;
        EXPECT_EQ(stored_values[value], values[head * 5 + i]);
      }
    }
  }
}

TEST(StoreKv, WhatDoesNotFitBecomesTheLargest) {
  const std::vector<float> keys = {1e5f, -1e5f, kInfinity, 3.4e38f}, values = {70000, 1, -1, 0};
  for (const auto& [dtype, largest] :
       {std::pair(DType::kF16, 65504.0f), std::pair(DType::kBF16, 0x1.FEp127f)}) {
    const Cache cache({.dtype = dtype, .head_dim = 4});
    StoreKv(cache.pages(), 0, keys, values);
    std::vector<float> stored(4 * 64);
    codec::ToFloatReference(dtype, {cache.pages().keys(0), 2 * stored.size()}, stored);
    EXPECT_EQ(stored[2 * 64], largest);
    EXPECT_EQ(stored[3 * 64], largest);
    EXPECT_EQ(stored[1 * 64], dtype == DType::kF16 ? -65504.0f : -99840.0f);
  }
}

}  // namespace
}  // namespace hlwq::kernels
