// Requests at the same time, failures among them.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "runtime/experts/expert_cache.h"
#include "tests/runtime/experts/fake_experts.h"
#include "tests/runtime/experts/run_requests.h"

namespace hlwq::runtime {
namespace {

using model::ExpertRequest;
using test::ExpectError;
using test::FakeExperts;
using test::MakeCache;
using test::RequestOf;
using test::RunLayer;
using test::RunRequest;
using test::SomeOf;

TEST(ExpertCache, WhatIsThereComesWithoutWaitingForWhatIsNot) {
  const FakeExperts fake(1, 8);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{8}});
  RunLayer(cache, fake, 0, {2, 3});
  fake.Cut(0);
  ExpertRequest request = RequestOf(0, {2, 3, 4});
  cache.Begin(request);
  // 4 cannot come, and its failure may have come before.
  try {
    const auto ready = cache.Next(request);
    ASSERT_EQ(ready.size(), 2u);
    EXPECT_TRUE(request.experts[ready[0].index] == 2 && request.experts[ready[1].index] == 3);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kSourceChanged);
  }
  cache.End(request);
}

TEST(ExpertCache, RequestsThatWantTheSameShareItsReadAndItsSlot) {
  const FakeExperts fake(1, 4);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{2}});
  ExpertRequest first = RequestOf(0, {1}), second = RequestOf(0, {1, 3});
  cache.Begin(first);
  cache.Begin(second);
  const auto one = cache.Next(first);
  ASSERT_EQ(one.size(), 1u);
  std::set<uint32_t> got;
  std::optional<model::ExpertMatrices> shared;
  while (got.size() < 2) {
    for (const model::ReadyExpert& ready : cache.Next(second)) {
      got.insert(second.experts[ready.index]);
      if (second.experts[ready.index] == 1) shared = ready.matrices;
      // What the other request holds stays while this one goes on.
      EXPECT_TRUE(FakeExperts::IsCopy(one[0].matrices, fake.experts()[0][1]));
    }
  }
  EXPECT_EQ(std::get<kernels::DenseMatrix>(shared->gate).data.data(),
            std::get<kernels::DenseMatrix>(one[0].matrices.gate).data.data());
  cache.End(second);
  EXPECT_TRUE(FakeExperts::IsCopy(one[0].matrices, fake.experts()[0][1]));
  cache.End(first);
  EXPECT_EQ(cache.statistics().misses, 2u);
  EXPECT_EQ(cache.statistics().hits, 1u);
}

TEST(ExpertCache, AnEarlyEndLeavesSlotsToOthers) {
  const FakeExperts fake(1, 6);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{2}});
  for (int round = 0; round < 50; ++round) {
    ExpertRequest given_up = RequestOf(0, {0, 1, 2, 3, 4, 5});
    cache.Begin(given_up);
    if (round % 2 == 0) {
      EXPECT_FALSE(cache.Next(given_up).empty());
    }
    cache.End(given_up);
    EXPECT_TRUE(cache.Next(given_up).empty());
    RunLayer(cache, fake, 0, {3, 4, 5});
  }
}

TEST(ExpertCache, AFailedReadEndsTheRequestAndNothingElse) {
  const FakeExperts fake(2, 6);
  for (const EvictionPolicy policy : kEvictionPolicies) {
    ExpertCache cache = MakeCache(fake, {SlotsPerLayer{3}, policy});
    RunLayer(cache, fake, 0, {0, 1});
    fake.Cut(0);
    for (int attempt = 0; attempt < 20; ++attempt) {
      ExpertRequest request = RequestOf(0, {0, 1, 2, 3, 4, 5});
      ExpectError(ErrorCode::kSourceChanged, "file0: want", [&] {
        model::ExpertUse use(cache, request);
        while (!use.Next().empty()) {
        }
      });
      RunLayer(cache, fake, 1, {0, 1, 2, 3, 4, 5});  // all in the other file
    }
    fake.Restore(0);
    RunLayer(cache, fake, 0, {0, 1, 2, 3, 4, 5});
  }
}

TEST(ExpertCache, AllWhoWaitForAFailedReadAreTold) {
  const FakeExperts fake(1, 4);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{2}});
  fake.Cut(0);
  ExpertRequest first = RequestOf(0, {1}), second = RequestOf(0, {1});
  cache.Begin(first);
  cache.Begin(second);
  for (ExpertRequest* request : {&first, &second}) {
    ExpectError(ErrorCode::kSourceChanged, "cut shorter", [&] { cache.Next(*request); });
    ExpectError(ErrorCode::kSourceChanged, "cut shorter", [&] { cache.Next(*request); });
  }
  cache.End(first);
  cache.End(second);
  fake.Restore(0);
  RunLayer(cache, fake, 0, {0, 1, 2, 3});
}

TEST(ExpertCache, APredictedReadThatFailsIsForgotten) {
  const FakeExperts fake(2, 6);
  ExpertCache cache = MakeCache(fake, {SlotsPerLayer{2}});
  fake.Cut(0);
  cache.Prefetch(0, std::vector<uint32_t>{1, 2});
  RunLayer(cache, fake, 1, {0, 1, 2});
  fake.Restore(0);
  for (int attempt = 0; attempt < 2; ++attempt) {
    // What is still failing may be met once; then it is read anew.
    try {
      ExpertRequest request = RequestOf(0, {1, 2, 3});
      RunRequest(cache, fake, request);
      return;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kSourceChanged);
    }
  }
  FAIL() << "the failure was not forgotten";
}

TEST(ExpertCache, EndsWhileReadsAreUnderWay) {
  const FakeExperts fake(2, 32);
  for (int round = 0; round < 20; ++round) {
    ExpertCache cache = MakeCache(fake, {SlotsPerLayer{32}});
    std::vector<uint32_t> all(32);
    std::iota(all.begin(), all.end(), 0);
    cache.Prefetch(0, all);
    ExpertRequest request = RequestOf(1, all);
    cache.Begin(request);
    cache.End(request);
  }
}

// More sequences than slots: each has to get through, with the right bytes, errors and all.
class ExpertCacheThreads : public ::testing::TestWithParam<EvictionPolicy> {};

TEST_P(ExpertCacheThreads, ShareFewSlotsWithoutDeadlock) {
  const FakeExperts fake(3, 7);
  const size_t slot_bytes = ExpertLayout(fake.experts(), fake.range_of()).slot_bytes();
  const std::vector<decltype(ExpertCacheOptions::size)> sizes = {
      PoolBytes{slot_bytes}, PoolBytes{2 * slot_bytes}, PoolBytes{3 * slot_bytes}, SlotsPerLayer{1},
      SlotsPerLayer{2}};
  for (const auto& size : sizes) {
    for (const io::ReaderKind kind : {io::ReaderKind::kRing, io::ReaderKind::kThreads}) {
      std::optional<ExpertCache> cache;
      try {
        cache.emplace(fake.experts(), fake.files(), fake.range_of(),
                      ExpertCacheOptions{size, GetParam(), true, {.kind = kind}});
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
        continue;
      }
      std::atomic<uint64_t> wanted = 0, given = 0;
      std::vector<std::thread> threads;
      for (uint64_t thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
          ExpertRequest request;
          for (uint64_t round = 0; round < 60; ++round) {
            const uint64_t bits = MixBits(thread << 32 | round);
            request.layer = bits % 3;
            request.experts = SomeOf(7, bits);
            if (bits / 3 % 4 == 0) cache->Prefetch((request.layer + 1) % 3, SomeOf(7, bits + 1));
            if (bits / 12 % 8 == 0) {
              model::ExpertUse use(*cache, request);
              if (bits % 2 == 0 && !request.experts.empty()) use.Next();
              continue;  // gives up
            }
            wanted += request.experts.size();
            for (const size_t portion : RunRequest(*cache, fake, request)) given += portion;
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      EXPECT_EQ(given, wanted);
      const ExpertCacheStatistics statistics = cache->statistics();
      EXPECT_GE(statistics.hits + statistics.misses, wanted);
      EXPECT_LE(statistics.prefetched_and_used, statistics.prefetched);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, ExpertCacheThreads, ::testing::ValuesIn(kEvictionPolicies),
                         [](const auto& policy) {
                           std::string name(EvictionPolicyName(policy.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace hlwq::runtime
