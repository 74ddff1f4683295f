// Runs requests of an expert cache over FakeExperts and judges what it gives.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "runtime/experts/expert_cache.h"
#include "tests/runtime/experts/fake_experts.h"
#include "tests/support/await.h"
#include "tests/support/expect_error.h"

namespace hlwq::test {

inline runtime::ExpertCache MakeCache(const FakeExperts& fake,
                                      const runtime::ExpertCacheOptions& options) {
  return runtime::ExpertCache(fake.experts(), fake.files(), fake.range_of(), options);
}

inline model::ExpertRequest RequestOf(size_t layer, std::vector<uint32_t> experts) {
  model::ExpertRequest request;
  request.layer = layer;
  request.experts = std::move(experts);
  return request;
}

// Distinct and ascending.
inline std::vector<uint32_t> SomeOf(size_t experts, uint64_t seed) {
  std::vector<uint32_t> some;
  const uint64_t share = 1 + MixBits(seed) % 8;
  for (uint32_t expert = 0; expert < experts; ++expert) {
    if (MixBits(seed * 1000 + expert) % 8 < share) some.push_back(expert);
  }
  return some;
}

// Runs the request to its end; each expert has to come once, with its own bytes. Returns how many
// came at a time.
inline std::vector<size_t> RunRequest(runtime::ExpertCache& cache, const FakeExperts& fake,
                                      model::ExpertRequest& request) {
  std::vector<size_t> portions;
  std::vector<int> times(request.experts.size());
  model::ExpertUse use(cache, request);
  for (auto ready = use.Next(); !ready.empty(); ready = use.Next()) {
    portions.push_back(ready.size());
    for (const model::ReadyExpert& expert : ready) {
      ++times[expert.index];
      EXPECT_TRUE(FakeExperts::IsCopy(
          expert.matrices, fake.experts()[request.layer][request.experts[expert.index]]));
    }
  }
  EXPECT_EQ(std::ranges::count(times, 1), std::ssize(times));
  return portions;
}

inline void RunLayer(runtime::ExpertCache& cache, const FakeExperts& fake, size_t layer,
                     std::vector<uint32_t> experts) {
  model::ExpertRequest request = RequestOf(layer, std::move(experts));
  RunRequest(cache, fake, request);
}

// Until everything read ahead is there.
inline void AwaitReads(const runtime::ExpertCache& cache, uint64_t bytes) {
  Await([&] { return cache.statistics().bytes_read >= bytes; });
}

// Of reads of these.
inline uint64_t BytesOf(const FakeExperts& fake, const std::vector<runtime::ExpertId>& ids) {
  const runtime::ExpertLayout layout(fake.experts(), fake.range_of());
  uint64_t bytes = 0;
  for (const runtime::ExpertId id : ids) bytes += layout.ReadBytes(id);
  return bytes;
}

}  // namespace hlwq::test
