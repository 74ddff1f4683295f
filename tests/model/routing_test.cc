#include "model/routing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace hlwq::model {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<float> SomeLogits(size_t experts, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(experts);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

// A softmax over all in double, sorted.
std::vector<Route> SoftmaxAndSort(std::span<const float> logits, bool normalizes, size_t top_k) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  std::vector<uint32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
  std::vector<double> weights;
  for (const uint32_t expert : order) weights.push_back(std::exp(logits[expert] - largest) / sum);
  weights.resize(top_k);
  const double taken = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<Route> routes;
  for (size_t i = 0; i < top_k; ++i) {
    routes.push_back({order[i], static_cast<float>(normalizes ? weights[i] / taken : weights[i])});
  }
  return routes;
}

std::vector<Route> Choose(std::span<const float> logits, bool normalizes, size_t top_k) {
  std::vector<Route> routes(top_k);
  ChooseExperts(logits, normalizes, routes);
  return routes;
}

std::vector<uint32_t> Experts(const std::vector<Route>& routes) {
  std::vector<uint32_t> experts;
  for (const Route& route : routes) experts.push_back(route.expert);
  return experts;
}

TEST(ChooseExperts, IsTheStartOfTheSortedSoftmax) {
  for (const size_t experts : {1, 2, 7, 60, 256}) {
    for (const size_t top_k : {1, 2, 3, 8, 60, 256}) {
      if (top_k > experts) continue;
      for (unsigned seed = 0; seed < 10; ++seed) {
        const auto logits = SomeLogits(experts, seed);
        for (const bool normalizes : {false, true}) {
          const auto got = Choose(logits, normalizes, top_k);
          const auto want = SoftmaxAndSort(logits, normalizes, top_k);
          EXPECT_EQ(Experts(got), Experts(want));
          for (size_t i = 0; i < top_k; ++i) {
            EXPECT_NEAR(got[i].weight, want[i].weight, 2e-6 * want[i].weight + 1e-30);
          }
        }
      }
    }
  }
}

TEST(ChooseExperts, WeightsSumToOneOnlyWhenNormalized) {
  const auto sum = [](const std::vector<Route>& routes) {
    double total = 0;
    for (const Route& route : routes) total += route.weight;
    return total;
  };
  for (unsigned seed = 0; seed < 20; ++seed) {
    auto logits = SomeLogits(20, seed);
    for (float& logit : logits) logit /= 10;  // none is nearly certain
    EXPECT_NEAR(sum(Choose(logits, true, 4)), 1, 1e-6);
    EXPECT_LT(sum(Choose(logits, false, 4)), 0.5);
    EXPECT_NEAR(sum(Choose(logits, false, 20)), 1, 1e-6);
  }
}

TEST(ChooseExperts, OfEqualsTakesTheFirst) {
  EXPECT_EQ(Experts(Choose(std::vector<float>(9, 0.5f), false, 4)),
            (std::vector<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(Experts(Choose(std::vector<float>{1, 3, 2, 3, 2, 3, 2}, false, 5)),
            (std::vector<uint32_t>{1, 3, 5, 2, 4}));
  // Zeros of either sign are equal.
  EXPECT_EQ(Experts(Choose(std::vector<float>{-0.0f, 0.0f, -1}, false, 2)),
            (std::vector<uint32_t>{0, 1}));
}

TEST(ChooseExperts, DoesNotOverflow) {
  const auto routes = Choose(std::vector<float>{-3e38f, 3e38f, 1e38f, 3e38f}, true, 3);
  EXPECT_EQ(Experts(routes), (std::vector<uint32_t>{1, 3, 2}));
  EXPECT_FLOAT_EQ(routes[0].weight, 0.5f);
  EXPECT_FLOAT_EQ(routes[1].weight, 0.5f);
  EXPECT_EQ(routes[2].weight, 0);
}

// The choice stays within the experts and without repetition whatever the logits are: those of a
// damaged model still name memory.
TEST(ChooseExperts, NamesDistinctExpertsAndNumbersFirstForAnyLogits) {
  EXPECT_EQ(Experts(Choose(std::vector<float>{kNaN, 1, kNaN, 2, 0}, false, 4)),
            (std::vector<uint32_t>{3, 1, 4, 0}));
  EXPECT_EQ(Experts(Choose(std::vector<float>(5, kNaN), true, 3)),
            (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(Experts(Choose(std::vector<float>(5, -kInfinity), true, 2)),
            (std::vector<uint32_t>{0, 1}));
  std::mt19937 random(3);
  constexpr float kOdd[] = {kNaN, kInfinity, -kInfinity, 0, 1, -1, 3e38f};
  for (int times = 0; times < 500; ++times) {
    std::vector<float> logits(1 + random() % 12);
    for (float& logit : logits) logit = kOdd[random() % std::size(kOdd)];
    const auto routes = Choose(logits, true, 1 + random() % logits.size());
    std::set<uint32_t> chosen;
    for (const Route& route : routes) {
      EXPECT_LT(route.expert, logits.size());
      chosen.insert(route.expert);
    }
    EXPECT_EQ(chosen.size(), routes.size());
  }
}

// Laws of the groups of one pass.
void ExpectGroups(const ExpertGroups& groups, std::span<const Route> routes, size_t top_k) {
  std::set<uint32_t> chosen;
  for (const Route& route : routes) chosen.insert(route.expert);
  EXPECT_TRUE(std::ranges::equal(groups.experts(), chosen));
  // Groups cover the rows one after the other, none empty, tokens ascending in each.
  size_t row = 0;
  for (size_t index = 0; index < groups.experts().size(); ++index) {
    const auto tokens = groups.tokens(index);
    EXPECT_EQ(groups.rows(index).begin, row);
    EXPECT_GT(tokens.size(), 0u);
    EXPECT_EQ(std::ranges::adjacent_find(tokens, std::greater_equal<>()), tokens.end());
    row += tokens.size();
    EXPECT_EQ(groups.rows(index).end, row);
  }
  EXPECT_EQ(row, routes.size());
  // Each choice has a row of its own, of its expert and its token.
  std::set<size_t> rows;
  for (size_t choice = 0; choice < routes.size(); ++choice) {
    const kernels::WeightedRow term = groups.terms({0, routes.size() / top_k})[choice];
    const size_t at = term.row;
    EXPECT_EQ(term.weight, routes[choice].weight);
    rows.insert(at);
    const auto expert = std::ranges::find(groups.experts(), routes[choice].expert);
    const auto index = static_cast<size_t>(expert - groups.experts().begin());
    const kernels::TokenRange group = groups.rows(index);
    ASSERT_TRUE(at >= group.begin && at < group.end);
    EXPECT_EQ(groups.tokens(index)[at - group.begin], choice / top_k);
  }
  EXPECT_EQ(rows.size(), routes.size());
}

TEST(ExpertGroups, SortEveryChoiceOfAPassByExpert) {
  constexpr size_t kExperts = 11, kTopK = 3, kMostTokens = 40;
  ExpertGroups groups(kExperts, kMostTokens * kTopK);
  // One object for all passes, larger and smaller ones in turn.
  for (const size_t tokens : {40, 1, 17, 2, 40, 5}) {
    std::vector<Route> routes(tokens * kTopK);
    for (size_t token = 0; token < tokens; ++token) {
      ChooseExperts(SomeLogits(kExperts, static_cast<unsigned>(token + tokens)), true,
                    std::span(routes).subspan(token * kTopK, kTopK));
    }
    groups.Set(routes, kTopK);
    ExpectGroups(groups, routes, kTopK);
  }
}

TEST(ExpertGroups, OneExpertForAllTokensIsOneGroup) {
  ExpertGroups groups(4, 6);
  const std::vector<Route> routes(6, Route{.expert = 3, .weight = 1});
  groups.Set(routes, 1);
  ExpectGroups(groups, routes, 1);
  EXPECT_EQ(groups.experts().size(), 1u);
  EXPECT_EQ(groups.rows(0).end, 6u);
}

}  // namespace
}  // namespace hlwq::model
