#include "tests/eval/sample_trace.h"

#include <algorithm>
#include <set>

#include "base/random.h"

namespace hlwq::test {

eval::ExpertTrace TraceOf(uint32_t layers, uint32_t experts,
                          const std::vector<TraceRequest>& requests) {
  eval::ExpertTrace trace{{.model = "qwen3_moe",
                           .layers = layers,
                           .experts = experts,
                           .top_k = 1,
                           .expert_bytes = 1000},
                          {},
                          {}};
  uint64_t pass = 0;
  for (const TraceRequest& request : requests) {
    if (!trace.requests.empty() && request.layer <= trace.requests.back().layer) ++pass;
    trace.requests.push_back({pass, request.layer, static_cast<uint32_t>(request.experts.size()),
                              trace.ids.size(), static_cast<uint32_t>(request.experts.size())});
    trace.ids.insert(trace.ids.end(), request.experts.begin(), request.experts.end());
  }
  return trace;
}

eval::ExpertTrace RandomTrace(const RandomTraceShape& shape, uint64_t seed) {
  uint64_t counter = 0;
  const auto below = [&](uint64_t end) { return MixBits(MixBits(seed) ^ ++counter) % end; };
  std::vector<TraceRequest> requests;
  for (uint32_t pass = 0; pass < shape.passes; ++pass) {
    const uint64_t tokens = 1 + below(shape.most_tokens);
    for (uint32_t layer = 0; layer < shape.layers; ++layer) {
      std::set<uint16_t> experts;
      for (uint64_t token = 0; token < tokens; ++token) {
        std::set<uint16_t> of_token;
        while (of_token.size() < shape.top_k) {
          of_token.insert(
              static_cast<uint16_t>(std::min(below(shape.experts), below(shape.experts))));
        }
        experts.merge(of_token);
      }
      requests.push_back({layer, {experts.begin(), experts.end()}});
    }
  }
  return TraceOf(shape.layers, shape.experts, requests);
}

}  // namespace hlwq::test
