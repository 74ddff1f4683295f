// Made-up traces of routing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/expert_trace_reader.h"

namespace hlwq::test {

struct TraceRequest {
  uint32_t layer = 0;
  std::vector<uint16_t> experts;  // distinct, ascending
};

// A pass ends where the layer does not grow.
eval::ExpertTrace TraceOf(uint32_t layers, uint32_t experts,
                          const std::vector<TraceRequest>& requests);

struct RandomTraceShape {
  uint32_t layers = 1;
  uint32_t experts = 8;
  uint32_t top_k = 2;
  uint32_t passes = 20;
  uint32_t most_tokens = 1;  // of a pass
};
// Experts of low numbers are wanted more; the same for the same seed.
eval::ExpertTrace RandomTrace(const RandomTraceShape& shape, uint64_t seed);

}  // namespace hlwq::test
