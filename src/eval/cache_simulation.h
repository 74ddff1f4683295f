// What an expert cache would have done: a recorded routing replayed against every policy and size.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "eval/expert_trace_reader.h"
#include "report/cache_simulation.h"
#include "runtime/experts/eviction.h"

namespace hlwq::eval {

struct CacheConfig {
  // None: what is needed again last goes (Belady 1966), which no policy can know.
  std::optional<runtime::EvictionPolicy> policy;
  report::CacheScope scope = report::CacheScope::kLayer;
  uint32_t slots = 1;  // of a layer, or of the pool for each layer with experts
};

// Uses that find their expert in memory, over a whole trace from an empty cache. As the run-time cache: a
// request is one turn of its layer, hits are counted as it begins, everything it asks for is then
// used and loaded, and nothing of it makes room while something else can. Of a request that exceeds
// the slots what ranks highest stays (at run time it depends on which reads end first). Without
// prefetch. Cost: O(uses log(experts) + misses layers).
uint64_t CountCacheHits(const ExpertTrace& trace, const CacheConfig& config);

// The policies and the optimum, in the order of columns.
inline constexpr size_t kCacheColumns = runtime::kEvictionPolicies.size() + 1;
std::optional<runtime::EvictionPolicy> CachePolicyOfColumn(size_t column) noexcept;
std::string_view CacheColumnName(size_t column) noexcept;  // "lru", .., "optimum"

// 1, 2, 3, 4, 6, 8, 12, .. and all.
std::vector<uint32_t> DefaultCacheSizes(uint32_t experts);

// Every size against every policy and scope, on `threads` threads (0: all). Sizes above the number of
// experts throw Error{kInvalidArgument}.
report::CacheSimulation SimulateCaches(const ExpertTrace& trace, const std::vector<uint32_t>& sizes,
                                       int threads);

}  // namespace hlwq::eval
