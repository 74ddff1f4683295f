// What an expert cache would have done: a recorded routing replayed against every policy and size.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminal_text.h"
#include "eval/expert_trace_reader.h"
#include "runtime/experts/eviction.h"

namespace hlwq::eval {

// Where an expert that makes room may come from.
enum class CacheScope : uint8_t {
  kLayer,  // every layer has slots of its own
  kPool,   // all layers share as many
};
inline constexpr std::array kCacheScopes = {CacheScope::kLayer, CacheScope::kPool};
std::string_view CacheScopeName(CacheScope scope) noexcept;  // "layer", "pool"

struct CacheConfig {
  // None: what is needed again last goes (Belady 1966), which no policy can know.
  std::optional<runtime::EvictionPolicy> policy;
  CacheScope scope = CacheScope::kLayer;
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

struct CacheSize {
  uint32_t slots = 0;  // for each layer with experts
  uint64_t bytes = 0;  // of all of them
  std::array<std::array<uint64_t, kCacheColumns>, kCacheScopes.size()> hits =
      {};  // [scope][column]
};

struct CacheSimulation {
  std::string model;
  uint32_t experts = 0;  // of a layer
  uint32_t top_k = 0;
  uint32_t expert_layers = 0;  // layers that occur in the trace
  uint64_t expert_bytes = 0;
  uint64_t passes = 0;
  uint64_t tokens = 0;           // of all passes
  uint64_t uses = 0;             // experts asked for, over all requests
  uint64_t distinct = 0;         // different ones: what any cache misses
  double busiest_tenth = 0;      // share of the uses that the busiest tenth of each layer gets
  std::vector<CacheSize> sizes;  // as asked for

  double HitRate(uint64_t hits) const noexcept {
    return static_cast<double>(hits) / static_cast<double>(uses);
  }
};

// 1, 2, 3, 4, 6, 8, 12, .. and all.
std::vector<uint32_t> DefaultCacheSizes(uint32_t experts);

// Every size against every policy and scope, on `threads` threads (0: all). Sizes above the number of
// experts throw Error{kInvalidArgument}.
CacheSimulation SimulateCaches(const ExpertTrace& trace, const std::vector<uint32_t>& sizes,
                               int threads);

nlohmann::json CacheSimulationToJson(const CacheSimulation& simulation);
// A table for people, lines ended by '\n'.
std::string CacheSimulationToText(const CacheSimulation& simulation, const TextLayout& layout = {});

}  // namespace hlwq::eval
