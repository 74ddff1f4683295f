#include "tests/report/sample_cache.h"

#include "report/pages/cache_page.h"

namespace hlwq::test {

std::string SampleCachePage() {
  report::CacheSimulation simulation = {.model = "qwen3_moe",
                                        .policies = {"lru", "lfru", "least-stale", "optimum"},
                                        .experts = 32,
                                        .top_k = 4,
                                        .expert_layers = 6,
                                        .expert_bytes = 1'000'000,
                                        .passes = 100,
                                        .tokens = 200,
                                        .uses = 3600,
                                        .distinct = 180,
                                        .busiest_tenth = 0.4};
  for (const uint32_t slots : {1u, 2u, 4u, 8u, 16u, 32u}) {
    report::CacheSize& size =
        simulation.sizes.emplace_back(report::CacheSize{slots, slots * 6'000'000ull, {}});
    const uint64_t most = (simulation.uses - simulation.distinct) * slots / 32;
    for (auto& hits : size.hits) hits = {most / 2, most * 3 / 4, most * 2 / 3, most};
  }
  return report::RenderCachePage(
      {.trace_name = "a<b>&\"c\".jsonl", .tool_version = "1.2.3", .simulation = simulation});
}

}  // namespace hlwq::test
