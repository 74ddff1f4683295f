#include "eval/cache_simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "report/pages/cache_page.h"
#include "runtime/experts/slot_table.h"
#include "tests/eval/sample_trace.h"

namespace hlwq::eval {
namespace {

using report::CacheScope;
using report::CacheScopeName;
using report::CacheSimulation;
using report::CacheSimulationToJson;
using report::CacheSize;
using report::kCacheScopes;
using runtime::EvictionPolicy;
using test::RandomTrace;
using test::TraceOf;

constexpr CacheScope kLayer = CacheScope::kLayer, kPool = CacheScope::kPool;

// One expert a request, one layer.
ExpertTrace Sequence(const std::vector<uint16_t>& experts) {
  std::vector<test::TraceRequest> requests;
  for (const uint16_t expert : experts) requests.push_back({0, {expert}});
  return TraceOf(1, 8, requests);
}

TEST(CacheHits, OfHandComputedSequences) {
  const auto hits = [](const std::vector<uint16_t>& experts, std::optional<EvictionPolicy> policy) {
    return CountCacheHits(Sequence(experts), {policy, kLayer, 2});
  };
  // Around and around: what LRU lets go is always what comes next.
  EXPECT_EQ(hits({0, 1, 2, 0, 1, 2}, EvictionPolicy::kLru), 0u);
  EXPECT_EQ(hits({0, 1, 2, 0, 1, 2}, std::nullopt), 2u);
  // One that is used often outlives two that are new.
  EXPECT_EQ(hits({0, 0, 0, 1, 2, 0}, EvictionPolicy::kLru), 2u);
  EXPECT_EQ(hits({0, 0, 0, 1, 2, 0}, EvictionPolicy::kLfru), 3u);
  EXPECT_EQ(hits({0, 1, 0, 2, 0, 1}, EvictionPolicy::kLru), 2u);
}

TEST(CacheHits, LeastStaleLetsGoWhatIsNeededLast) {
  const ExpertTrace trace =
      TraceOf(2, 8, {{0, {0, 1}}, {1, {0}}, {0, {2, 3}}, {1, {1}}, {0, {1, 2}}});
  // When layer 1 wants its expert 1, expert 1 of layer 0 is the oldest, but layer 0 is next.
  EXPECT_EQ(CountCacheHits(trace, {EvictionPolicy::kLru, kPool, 2}), 1u);
  EXPECT_EQ(CountCacheHits(trace, {EvictionPolicy::kLeastStale, kPool, 2}), 2u);
}

TEST(CacheHits, CountAtTheBeginningOfARequest) {
  // 3 makes room for nothing while 1 and 2, of the same request, are in use.
  EXPECT_EQ(CountCacheHits(TraceOf(1, 8, {{0, {1, 2}}, {0, {1, 3}}, {0, {1, 3}}}),
                           {EvictionPolicy::kLru, kLayer, 2}),
            1u + 2u);
  // More experts than slots pass through; two of them stay.
  for (const auto scope : kCacheScopes) {
    for (size_t column = 0; column < kCacheColumns; ++column) {
      EXPECT_EQ(CountCacheHits(TraceOf(1, 8, {{0, {1, 2, 3, 4}}, {0, {1, 2, 3, 4}}}),
                               {CachePolicyOfColumn(column), scope, 2}),
                2u);
    }
  }
}

TEST(CacheHits, APoolLendsTheSlotsOfOneLayerToAnother) {
  const ExpertTrace trace = TraceOf(2, 8, {{0, {1, 2, 3}}, {1, {1}}, {0, {1, 2, 3}}, {1, {1}}});
  EXPECT_EQ(CountCacheHits(trace, {EvictionPolicy::kLru, kLayer, 2}), 2u + 1u);
  EXPECT_EQ(CountCacheHits(trace, {EvictionPolicy::kLru, kPool, 2}), 3u + 1u);
}

TEST(CacheHits, LayersWithoutExpertsAddNoSlots) {
  const ExpertTrace trace = TraceOf(4, 8, {{2, {1}}, {2, {2}}, {2, {1}}});
  EXPECT_EQ(CountCacheHits(trace, {EvictionPolicy::kLru, kPool, 1}), 0u);
  EXPECT_EQ(CountCacheHits(trace, {EvictionPolicy::kLru, kPool, 2}), 1u);
}

// What the run-time cache's own table does for one sequence, whose requests fit their slots.
uint64_t RunTimeHits(const ExpertTrace& trace, EvictionPolicy policy, CacheScope scope,
                     uint32_t slots) {
  const bool is_pool = scope == kPool;
  std::vector<runtime::SlotTable::Layer> layers;
  std::vector<size_t> slots_of_pool(is_pool ? 1 : trace.layers);
  for (size_t layer = 0; layer < trace.layers; ++layer) {
    layers.push_back({.pool = is_pool ? 0 : layer, .experts = trace.experts});
    slots_of_pool[layers.back().pool] += slots;
  }
  runtime::SlotTable table(layers, slots_of_pool, policy);
  runtime::ExpertHistory history(trace.layers, trace.experts);
  uint64_t hits = 0;
  for (const ExpertRequest& request : trace.requests) {
    history.BeginUse(request.layer);
    std::vector<uint32_t> held;
    std::vector<runtime::ExpertId> missing;
    for (const uint16_t expert : trace.ExpertsOf(request)) {
      const runtime::ExpertId id = {request.layer, expert};
      history.Touch(id);
      const std::optional<uint32_t> slot = table.Find(id);
      if (!slot) missing.push_back(id);
      if (slot) held.push_back(*slot);
    }
    hits += held.size();
    for (const uint32_t slot : held) table.AddUser(slot);
    for (const runtime::ExpertId id : missing) {
      held.push_back(table.Take(id, runtime::Claim::kDemand, history).value());
      table.AddUser(held.back());
      table.FinishRead(held.back());
    }
    for (const uint32_t slot : held) table.RemoveUser(slot);
  }
  return hits;
}

TEST(CacheHits, AreThoseOfTheRunTimeTable) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const ExpertTrace trace =
        RandomTrace({.layers = 5, .experts = 24, .top_k = 3, .passes = 80, .most_tokens = 2}, seed);
    for (const EvictionPolicy policy : runtime::kEvictionPolicies) {
      for (const CacheScope scope : kCacheScopes) {
        for (const uint32_t slots : {6u, 9u, 16u, 24u}) {
          EXPECT_EQ(CountCacheHits(trace, {policy, scope, slots}),
                    RunTimeHits(trace, policy, scope, slots))
              << EvictionPolicyName(policy) << ' ' << CacheScopeName(scope) << ' ' << slots;
        }
      }
    }
  }
}

// The most hits that any choice of victims gives: every content of the cache is followed.
uint64_t MostHits(const ExpertTrace& trace, size_t capacity) {
  std::unordered_map<uint32_t, uint64_t> best = {{0, 0}};  // content -> hits
  for (const ExpertRequest& request : trace.requests) {
    uint32_t wanted = 0;
    for (const uint16_t expert : trace.ExpertsOf(request)) {
      wanted |= 1u << (request.layer * trace.experts + expert);
    }
    std::unordered_map<uint32_t, uint64_t> next;
    for (const auto& [content, hits] : best) {
      const uint64_t now = hits + static_cast<uint64_t>(std::popcount(content & wanted));
      const uint32_t all = content | wanted;
      const size_t size = std::min<size_t>(capacity, static_cast<size_t>(std::popcount(all)));
      for (uint32_t kept = all;; kept = (kept - 1) & all) {
        // All of the request while it fits, nothing else while it does not.
        const bool may_be = std::popcount(wanted) <= static_cast<int>(capacity)
                                ? (kept & wanted) == wanted
                                : (kept & ~wanted) == 0;
        if (may_be && std::popcount(kept) == static_cast<int>(size)) {
          next[kept] = std::max(next[kept], now);
        }
        if (kept == 0) break;
      }
    }
    best = std::move(next);
  }
  uint64_t most = 0;
  for (const auto& [content, hits] : best) most = std::max(most, hits);
  return most;
}

TEST(CacheOptimum, IsTheBestOfAllChoices) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const ExpertTrace one =
        RandomTrace({.layers = 1, .experts = 7, .top_k = 2, .passes = 25}, seed);
    const ExpertTrace two =
        RandomTrace({.layers = 2, .experts = 4, .top_k = 1, .passes = 20}, seed);
    for (uint32_t slots = 1; slots <= 4; ++slots) {
      EXPECT_EQ(CountCacheHits(one, {std::nullopt, kLayer, slots}), MostHits(one, slots));
      EXPECT_EQ(CountCacheHits(two, {std::nullopt, kPool, slots}), MostHits(two, 2 * slots));
    }
  }
}

TEST(CacheOptimum, IsNeverBelowAPolicy) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const ExpertTrace trace =
        RandomTrace({.layers = 5, .experts = 20, .top_k = 3, .passes = 60, .most_tokens = 4}, seed);
    for (const CacheSize& size : SimulateCaches(trace, DefaultCacheSizes(20), 2).sizes) {
      for (const auto& hits : size.hits) {
        for (const uint64_t of_policy : hits) EXPECT_LE(of_policy, hits.back()) << size.slots;
      }
    }
  }
}

TEST(CacheHits, GrowWithTheSlotsForLruAndTheOptimum) {
  std::vector<uint32_t> sizes(20);
  for (uint32_t slots = 1; slots <= 20; ++slots) sizes[slots - 1] = slots;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const ExpertTrace trace =
        RandomTrace({.layers = 5, .experts = 20, .top_k = 3, .passes = 60, .most_tokens = 4}, seed);
    const CacheSimulation simulation = SimulateCaches(trace, sizes, 2);
    for (size_t at = 1; at < sizes.size(); ++at) {
      for (size_t scope = 0; scope < kCacheScopes.size(); ++scope) {
        const auto &before = simulation.sizes[at - 1].hits[scope],
                   &now = simulation.sizes[at].hits[scope];
        EXPECT_LE(before.front(), now.front()) << "lru " << sizes[at];
        EXPECT_LE(before.back(), now.back()) << "optimum " << sizes[at];
      }
    }
    // With room for everything, whatever the policy, each expert is missed once.
    for (const auto& hits : simulation.sizes.back().hits) {
      for (const uint64_t of_policy : hits) {
        EXPECT_EQ(of_policy, simulation.uses - simulation.distinct);
      }
    }
  }
}

TEST(CacheSimulation, CountsWhatTheTraceHolds) {
  const ExpertTrace trace = TraceOf(3, 8, {{0, {0, 1}}, {2, {5}}, {0, {1, 2}}, {2, {5}}, {2, {5}}});
  const CacheSimulation simulation = SimulateCaches(trace, {1, 8}, 1);
  EXPECT_EQ(simulation.passes, 3u);
  EXPECT_EQ(simulation.expert_layers, 2u);
  EXPECT_EQ(simulation.uses, 7u);
  EXPECT_EQ(simulation.distinct, 4u);
  EXPECT_DOUBLE_EQ(simulation.busiest_tenth, (2.0 + 3.0) / 7);
  EXPECT_EQ(simulation.sizes[0].bytes, 2 * trace.expert_bytes);
  EXPECT_EQ(simulation.sizes[1].bytes, 16 * trace.expert_bytes);
  const nlohmann::json json = CacheSimulationToJson(simulation);
  EXPECT_EQ(json["sizes"][1]["hits"]["pool"]["lfru"], 3);
  EXPECT_DOUBLE_EQ(json["sizes"][1]["hit_rate"]["layer"]["optimum"], 3.0 / 7);
}

TEST(CacheSimulation, DoesNotDependOnThreads) {
  const ExpertTrace trace = RandomTrace({.layers = 3, .experts = 16, .top_k = 2, .passes = 50}, 1);
  const auto run = [&](int threads) {
    return CacheSimulationToJson(SimulateCaches(trace, DefaultCacheSizes(16), threads));
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(CacheSimulation, RefusesSizesThatNoCacheHas) {
  const ExpertTrace trace = Sequence({1});
  for (const uint32_t slots : {0u, 9u}) EXPECT_THROW(SimulateCaches(trace, {slots}, 1), Error);
}

TEST(DefaultCacheSizes, AreSpreadEvenlyAndEndWithAll) {
  EXPECT_EQ(DefaultCacheSizes(1), (std::vector<uint32_t>{1}));
  EXPECT_EQ(DefaultCacheSizes(12), (std::vector<uint32_t>{1, 2, 3, 4, 6, 8, 12}));
  EXPECT_EQ(DefaultCacheSizes(256).size(), 16u);
}

}  // namespace
}  // namespace hlwq::eval
