#include "runtime/experts/expert_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "tests/runtime/experts/fake_experts.h"
#include "tests/runtime/experts/run_requests.h"

namespace hlwq::runtime {
namespace {

using model::ExpertRequest;
using test::AwaitReads;
using test::BytesOf;
using test::ExpectError;
using test::FakeExperts;
using test::MakeCache;
using test::RequestOf;
using test::RunLayer;
using test::RunRequest;
using test::SomeOf;

TEST(ExpertCache, GivesEachExpertOnceWithItsBytesForEveryPolicyAndSize) {
  const FakeExperts fake(3, 9);
  const size_t slot_bytes = ExpertLayout(fake.experts(), fake.range_of()).slot_bytes();
  std::vector<decltype(ExpertCacheOptions::size)> sizes;
  for (const size_t slots : {1, 2, 3, 8, 9, 100}) sizes.emplace_back(SlotsPerLayer{slots});
  for (const size_t slots : {1, 2, 5, 26, 27, 100})
    sizes.emplace_back(PoolBytes{slots * slot_bytes});
  for (const EvictionPolicy policy : kEvictionPolicies) {
    for (const auto& size : sizes) {
      for (const bool has_prefetch : {false, true}) {
        ExpertCache cache = MakeCache(fake, {size, policy, has_prefetch});
        uint64_t wanted = 0;
        for (uint64_t pass = 0; pass < 6; ++pass) {
          for (size_t layer = 0; layer < 3; ++layer) {
            ExpertRequest request = RequestOf(layer, SomeOf(9, pass * 10 + layer));
            wanted += request.experts.size();
            cache.Prefetch((layer + 1) % 3, SomeOf(9, pass * 10 + layer + 1));
            RunRequest(cache, fake, request);
          }
        }
        const ExpertCacheStatistics statistics = cache.statistics();
        EXPECT_EQ(statistics.hits + statistics.misses, wanted);
        EXPECT_EQ(statistics.prefetched > 0, has_prefetch);
        if (cache.slots() == 27) {
          EXPECT_EQ(statistics.evictions, 0u);
        }
      }
    }
  }
}

TEST(ExpertCache, WhatStaysIsNotReadAgain) {
  const FakeExperts fake(2, 6);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{4}});
  RunLayer(cache, fake, 0, {1, 2, 5});
  RunLayer(cache, fake, 1, {0, 3});
  ExpertCacheStatistics statistics = cache.statistics();
  EXPECT_EQ(statistics.misses, 5u);
  EXPECT_EQ(statistics.hits, 0u);
  EXPECT_EQ(statistics.bytes_read, BytesOf(fake, {{0, 1}, {0, 2}, {0, 5}, {1, 0}, {1, 3}}));
  cache.ResetStatistics();
  RunLayer(cache, fake, 0, {2, 4, 5});
  RunLayer(cache, fake, 1, {0, 3});
  statistics = cache.statistics();
  EXPECT_EQ(statistics.hits, 4u);
  EXPECT_EQ(statistics.misses, 1u);
  EXPECT_EQ(statistics.evictions, 0u);
  EXPECT_EQ(statistics.hit_rate(), 0.8);
  EXPECT_EQ(statistics.bytes_read, BytesOf(fake, {{0, 4}}));
}

TEST(ExpertCache, EvictsByItsPolicy) {
  const FakeExperts fake(1, 4);
  for (const EvictionPolicy policy : kEvictionPolicies) {
    ExpertCache cache = MakeCache(fake, {SlotsPerLayer{2}, policy});
    for (int pass = 0; pass < 3; ++pass) RunLayer(cache, fake, 0, {0});
    RunLayer(cache, fake, 0, {1});
    RunLayer(cache, fake, 0, {2});
    EXPECT_EQ(cache.statistics().evictions, 1u);
    cache.ResetStatistics();
    // 0 was used more often, 1 later.
    RunLayer(cache, fake, 0, {policy == EvictionPolicy::kLfru ? 0u : 1u});
    EXPECT_EQ(cache.statistics().hits, 1u) << EvictionPolicyName(policy);
  }
}

TEST(ExpertCache, AResetForgetsEvictionsToo) {
  const FakeExperts fake(1, 3);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{1}});
  RunLayer(cache, fake, 0, {0, 1, 2});
  EXPECT_EQ(cache.statistics().evictions, 2u);
  cache.ResetStatistics();
  EXPECT_EQ(cache.statistics().evictions, 0u);
  EXPECT_EQ(cache.statistics().bytes_read, 0u);
}

// Fewer slots than one pass uses: LRU evicts what comes next, over and over. Of the 16 uses after
// the first pass no policy could serve more than 11.
TEST(ExpertCache, LeastStaleKeepsAPartOfACycleThatLruLosesWhole) {
  const FakeExperts fake(4, 2);
  const size_t slot_bytes = ExpertLayout(fake.experts(), fake.range_of()).slot_bytes();
  for (const EvictionPolicy policy : {EvictionPolicy::kLru, EvictionPolicy::kLeastStale}) {
    ExpertCache cache = MakeCache(fake, {PoolBytes{3 * slot_bytes}, policy});
    for (int pass = 0; pass < 5; ++pass) {
      for (size_t layer = 0; layer < 4; ++layer) RunLayer(cache, fake, layer, {0});
    }
    EXPECT_EQ(cache.statistics().hits, policy == EvictionPolicy::kLru ? 0u : 11u);
  }
}

TEST(ExpertCache, OnePoolServesTheLayersThatNeedIt) {
  const FakeExperts fake(2, 6);
  const size_t slot_bytes = ExpertLayout(fake.experts(), fake.range_of()).slot_bytes();
  ExpertCache pool = MakeCache(fake, {PoolBytes{6 * slot_bytes + slot_bytes / 2}});
  EXPECT_EQ(pool.slots(), 6u);
  EXPECT_EQ(pool.memory_bytes(), 6 * slot_bytes);
  ExpertCache per_layer = MakeCache(fake, {SlotsPerLayer{3}});
  EXPECT_EQ(per_layer.slots(), 6u);
  for (ExpertCache* cache : {&pool, &per_layer}) {
    for (int pass = 0; pass < 2; ++pass) {
      RunLayer(*cache, fake, 0, {0, 1, 2, 3, 4});
      RunLayer(*cache, fake, 1, {0});
    }
  }
  EXPECT_EQ(pool.statistics().misses, 6u);
  EXPECT_GT(per_layer.statistics().misses, 6u);
}

TEST(ExpertCache, SlotsOutOfRangeAreClampedOrRefusedWithTheSmallestSize) {
  const FakeExperts fake(3, 4);
  EXPECT_EQ(MakeCache(fake, {SlotsPerLayer{1000}}).slots(), 12u);
  EXPECT_EQ(MakeCache(fake, {PoolBytes{uint64_t{1} << 60}}).slots(), 12u);
  const size_t slot_bytes = ExpertLayout(fake.experts(), fake.range_of()).slot_bytes();
  ExpectError(ErrorCode::kInvalidArgument,
              "want at least " + std::to_string(slot_bytes) + " bytes of expert cache",
              [&] { MakeCache(fake, {PoolBytes{slot_bytes - 1}}); });
  ExpectError(ErrorCode::kInvalidArgument, "want at least 1 slot",
              [&] { MakeCache(fake, {SlotsPerLayer{0}}); });
  ExpectError(ErrorCode::kInvalidArgument, "no experts",
              [&] { MakeCache(FakeExperts(2, 0), {SlotsPerLayer{1}}); });
}

TEST(ExpertCache, MoreThanThereAreSlotsComeByHalves) {
  const FakeExperts fake(1, 9);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{4}});
  ExpertRequest request = RequestOf(0, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  const std::vector<size_t> portions = RunRequest(cache, fake, request);
  // While five or more are left, reads need the other half.
  size_t given = 0;
  for (const size_t portion : portions) {
    if (9 - given > 4) {
      EXPECT_LE(portion, 2u);
    }
    given += portion;
  }
}

TEST(ExpertCache, WhatIsPredictedIsThereWhenItIsWanted) {
  const FakeExperts fake(2, 6);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{4}});
  EXPECT_TRUE(cache.wants_predictions());
  cache.Prefetch(1, std::vector<uint32_t>{4, 2, 0});
  AwaitReads(cache, BytesOf(fake, {{1, 0}, {1, 2}, {1, 4}}));
  RunLayer(cache, fake, 1, {0, 4, 5});
  RunLayer(cache, fake, 1, {0, 4});
  const ExpertCacheStatistics statistics = cache.statistics();
  EXPECT_EQ(statistics.prefetched, 3u);
  EXPECT_EQ(statistics.prefetched_and_used, 2u);
  EXPECT_EQ(statistics.misses, 1u);
  EXPECT_EQ(statistics.hits, 4u);
}

TEST(ExpertCache, PredictionsThatAreOffReadNothing) {
  const FakeExperts fake(2, 6);
  ExpertCache cache = MakeCache(fake, {.size = SlotsPerLayer{4}, .has_prefetch = false});
  EXPECT_FALSE(cache.wants_predictions());
  cache.Prefetch(1, std::vector<uint32_t>{4, 2, 0});
  RunLayer(cache, fake, 0, {0});
  EXPECT_EQ(cache.statistics().prefetched, 0u);
}

TEST(ExpertCache, PredictionsTakeNoSlotThatIsInUseOrAwaited) {
  const FakeExperts fake(2, 8);
  const size_t slot_bytes = ExpertLayout(fake.experts(), fake.range_of()).slot_bytes();
  ExpertCache cache = MakeCache(fake, {PoolBytes{4 * slot_bytes}});
  ExpertRequest request = RequestOf(0, {0, 1});
  cache.Begin(request);
  // Two slots are left; the third waits for a slot of the request, which it may have after it.
  cache.Prefetch(1, std::vector<uint32_t>{5, 6, 7});
  EXPECT_EQ(cache.statistics().prefetched, 2u);
  for (size_t given = 0; given < 2;) {
    for (const model::ReadyExpert& ready : cache.Next(request)) {
      EXPECT_TRUE(
          FakeExperts::IsCopy(ready.matrices, fake.experts()[0][request.experts[ready.index]]));
      ++given;
    }
  }
  cache.End(request);
  AwaitReads(cache, BytesOf(fake, {{0, 0}, {0, 1}, {1, 5}, {1, 6}}));
  // Two used slots are idle, two hold what layer 1 is about to want: those stay.
  cache.Prefetch(1, std::vector<uint32_t>{0, 1, 2, 3});
  AwaitReads(cache, BytesOf(fake, {{0, 0}, {0, 1}, {1, 5}, {1, 6}, {1, 0}, {1, 1}}));
  EXPECT_EQ(cache.statistics().prefetched, 4u);
  RunLayer(cache, fake, 1, {0, 1, 5, 6});
  EXPECT_EQ(cache.statistics().prefetched_and_used, 4u);
}

}  // namespace
}  // namespace hlwq::runtime
