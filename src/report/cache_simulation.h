// What expert caches of every policy and size would have done with a recorded routing.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminal_text.h"

namespace hlwq::report {

// Where an expert that makes room may come from.
enum class CacheScope : uint8_t {
  kLayer,  // every layer has slots of its own
  kPool,   // all layers share as many
};
inline constexpr std::array kCacheScopes = {CacheScope::kLayer, CacheScope::kPool};
constexpr std::string_view CacheScopeName(CacheScope scope) noexcept {
  return scope == CacheScope::kLayer ? "layer" : "pool";
}

struct CacheSize {
  uint32_t slots = 0;                                           // for each layer with experts
  uint64_t bytes = 0;                                           // of all of them
  std::array<std::vector<uint64_t>, kCacheScopes.size()> hits;  // [scope][policy]
};

struct CacheSimulation {
  std::string model;
  std::vector<std::string> policies;  // their names; the optimum, that none can know, is the last
  uint32_t experts = 0;               // of a layer
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

nlohmann::json CacheSimulationToJson(const CacheSimulation& simulation);
// A table for people, lines ended by '\n'.
std::string CacheSimulationToText(const CacheSimulation& simulation, const TextLayout& layout = {});

}  // namespace hlwq::report
