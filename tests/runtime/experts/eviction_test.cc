#include "runtime/experts/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

using enum EvictionPolicy;

// A pass of layers 0, 1, ... that use these experts.
void Pass(ExpertHistory& history, const std::vector<std::vector<uint32_t>>& used) {
  for (uint32_t layer = 0; layer < used.size(); ++layer) {
    history.BeginUse(layer);
    for (const uint32_t expert : used[layer]) history.Touch({layer, expert});
  }
}

// In the order in which they go.
std::vector<uint32_t> ExpertsInOrder(const ExpertHistory& history, EvictionPolicy policy,
                                     uint32_t layer) {
  std::vector<uint32_t> experts(history.experts());
  for (uint32_t expert = 0; expert < experts.size(); ++expert) experts[expert] = expert;
  std::ranges::sort(experts, [&](uint32_t a, uint32_t b) {
    return history.GoesFirst(policy, {layer, a}, {layer, b});
  });
  return experts;
}

std::vector<uint32_t> LayersInOrder(const ExpertHistory& history, EvictionPolicy policy,
                                    uint32_t expert) {
  std::vector<uint32_t> layers(history.layers());
  for (uint32_t layer = 0; layer < layers.size(); ++layer) layers[layer] = layer;
  std::ranges::sort(layers, [&](uint32_t a, uint32_t b) {
    return history.GoesFirst(policy, {a, expert}, {b, expert});
  });
  return layers;
}

using Order = std::vector<uint32_t>;

TEST(EvictionPolicy, NamesAreReadBackAndOthersRefused) {
  for (const EvictionPolicy policy : kEvictionPolicies) {
    EXPECT_EQ(EvictionPolicyFromName(EvictionPolicyName(policy)), policy);
  }
  try {
    EvictionPolicyFromName("fifo");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_STREQ(error.what(), "want an eviction policy (lru, lfru, least-stale), got 'fifo'");
  }
}

TEST(Eviction, LruGoesByTheLastUseAlone) {
  ExpertHistory history(1, 3);
  for (int pass = 0; pass < 5; ++pass) Pass(history, {{2}});
  Pass(history, {{0}});
  Pass(history, {{1}});
  EXPECT_EQ(ExpertsInOrder(history, kLru, 0), (Order{2, 0, 1}));
}

TEST(Eviction, LfruKeepsWhatIsUsedOftenOverWhatWasUsedLast) {
  ExpertHistory history(1, 3);
  for (int pass = 0; pass < 5; ++pass) Pass(history, {{2}});
  Pass(history, {{0}});
  Pass(history, {{1}});
  EXPECT_EQ(ExpertsInOrder(history, kLfru, 0), (Order{0, 1, 2}));
}

TEST(Eviction, LfruForgetsOldUses) {
  ExpertHistory history(1, 3);
  for (int pass = 0; pass < 4; ++pass) Pass(history, {{2}});
  // 4 uses are worth less than 1 after more than two half-lives.
  for (int pass = 0; pass < 3 * ExpertHistory::kHalfLifePasses; ++pass) Pass(history, {{1}});
  Pass(history, {{0}});
  EXPECT_EQ(ExpertsInOrder(history, kLfru, 0), (Order{2, 0, 1}));
}

TEST(Eviction, LfruStaysFiniteOverMillionsOfPasses) {
  ExpertHistory history(1, 3);
  for (int pass = 0; pass < 3'000'000; ++pass) Pass(history, {{1}});
  Pass(history, {{2}});
  EXPECT_EQ(ExpertsInOrder(history, kLfru, 0), (Order{0, 2, 1}));
}

TEST(Eviction, LeastStaleGoesByMissedTurnsWithinALayer) {
  ExpertHistory history(1, 4);
  for (int pass = 0; pass < 9; ++pass) Pass(history, {{3}});
  Pass(history, {{0}});
  Pass(history, {{1, 2}});
  Pass(history, {{2}});
  EXPECT_EQ(ExpertsInOrder(history, kLeastStale, 0), (Order{3, 0, 1, 2}));
}

TEST(Eviction, LeastStaleTakesMissedTurnsBeforeFrequency) {
  ExpertHistory history(1, 2);
  for (int pass = 0; pass < 9; ++pass) Pass(history, {{0}});
  Pass(history, {{1}});
  EXPECT_EQ(ExpertsInOrder(history, kLeastStale, 0), (Order{0, 1}));
  Pass(history, {{0, 1}});  // missed as many: none
  EXPECT_EQ(ExpertsInOrder(history, kLeastStale, 0), (Order{1, 0}));
}

TEST(Eviction, LeastStaleKeepsLayersToComeLonger) {
  ExpertHistory history(5, 1);
  Pass(history, {{0}, {0}, {0}, {0}, {0}});
  history.BeginUse(0);
  history.Touch({0, 0});
  history.BeginUse(1);
  history.Touch({1, 0});
  history.BeginUse(2);
  history.Touch({2, 0});
  // None missed a turn. Next are 3, 4, 0, 1, 2.
  EXPECT_EQ(LayersInOrder(history, kLeastStale, 0), (Order{2, 1, 0, 4, 3}));
  // LRU gives up what is needed next.
  EXPECT_EQ(LayersInOrder(history, kLru, 0), (Order{3, 4, 0, 1, 2}));
}

TEST(Eviction, LeastStaleTakesWhatMissedThePresentPassFirst) {
  ExpertHistory history(3, 1);
  Pass(history, {{0}, {0}, {0}});
  Pass(history, {{}, {0}});
  // Layer 0 missed its turn; layer 2 has none yet.
  EXPECT_EQ(LayersInOrder(history, kLeastStale, 0), (Order{0, 1, 2}));
  // Layer 0 missed two turns by now, the others one; layer 2 has its next turn before layer 1.
  Pass(history, {{}, {}});
  EXPECT_EQ(LayersInOrder(history, kLeastStale, 0), (Order{0, 1, 2}));
}

TEST(Eviction, WhatWasNeverUsedGoesFirst) {
  ExpertHistory history(2, 2);
  Pass(history, {{1}, {1}});
  for (const EvictionPolicy policy : kEvictionPolicies) {
    EXPECT_EQ(ExpertsInOrder(history, policy, 0), (Order{0, 1})) << EvictionPolicyName(policy);
  }
}

TEST(Eviction, ForeseenIsKeptUntilItsLayersTurnIsOver) {
  for (const EvictionPolicy policy : kEvictionPolicies) {
    SCOPED_TRACE(EvictionPolicyName(policy));
    ExpertHistory history(3, 2);
    Pass(history, {{0}, {0}, {0}});
    history.BeginUse(0);
    history.Foresee({1, 1});
    EXPECT_EQ(ExpertsInOrder(history, policy, 1), (Order{0, 1}));
    history.BeginUse(1);
    EXPECT_EQ(ExpertsInOrder(history, policy, 1), (Order{0, 1}));
    history.BeginUse(2);
    EXPECT_EQ(ExpertsInOrder(history, policy, 1), (Order{1, 0}));
    history.Foresee({1, 1});  // of the next pass
    EXPECT_EQ(ExpertsInOrder(history, policy, 1), (Order{0, 1}));
    history.BeginUse(0);
    EXPECT_EQ(ExpertsInOrder(history, policy, 1), (Order{0, 1}));
    history.BeginUse(2);
    EXPECT_EQ(ExpertsInOrder(history, policy, 1), (Order{1, 0}));
  }
}

TEST(Eviction, UseEndsWaiting) {
  ExpertHistory history(2, 2);
  history.BeginUse(0);
  history.Foresee({1, 0});
  history.BeginUse(1);
  history.Touch({1, 0});
  EXPECT_FALSE(history.Rank(kLru, {1, 0}).is_awaited);
}

}  // namespace
}  // namespace hlwq::runtime
