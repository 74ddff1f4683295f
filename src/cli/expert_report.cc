#include "cli/expert_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/number_text.h"

namespace hlwq::cli {
namespace {

bool HasExperts(const runtime::Engine& engine) { return engine.config().sizes.experts > 0; }

}  // namespace

std::string ExpertsInWords(const runtime::Engine& engine) {
  if (!HasExperts(engine)) return "";
  uint64_t bytes = 0;
  for (const auto& layer : engine.model().experts()) {
    for (const model::ExpertMatrices& expert : layer) {
      bytes += model::BytesOf(expert);
    }
  }
  const runtime::ExpertCache* cache = engine.expert_cache();
  if (cache == nullptr) return fmt::format("all {} used where they lie", FormatBytes(bytes));
  if (cache->holds_all()) {
    return fmt::format("all {} kept in memory, read when first wanted ({})", FormatBytes(bytes),
                       io::ReaderKindName(cache->reader_kind()));
  }
  return fmt::format(
      "{} of {} kept in memory ({} slots of {}, {}, {}{}), the rest read when wanted",
      FormatBytes(cache->memory_bytes()), FormatBytes(bytes), FormatCount(cache->slots()),
      FormatBytes(cache->slot_bytes()), runtime::EvictionPolicyName(cache->policy()),
      io::ReaderKindName(cache->reader_kind()), cache->wants_predictions() ? ", prefetch" : "");
}

std::string ExpertUseInWords(const runtime::Engine& engine) {
  const runtime::ExpertCache* cache = engine.expert_cache();
  if (cache == nullptr) return "";
  const runtime::ExpertCacheStatistics use = cache->statistics();
  return fmt::format("{} of {} experts were in memory, {} read, {} waited",
                     FormatPercent(use.hit_rate()), FormatCount(use.hits + use.misses),
                     FormatBytes(use.bytes_read), FormatDuration(use.seconds_waited));
}

nlohmann::json ExpertUseToJson(const runtime::Engine& engine) {
  const runtime::ExpertCache* cache = engine.expert_cache();
  if (cache == nullptr) return nullptr;
  const runtime::ExpertCacheStatistics use = cache->statistics();
  return {{"policy", runtime::EvictionPolicyName(cache->policy())},
          {"slots", cache->slots()},
          {"slot_bytes", cache->slot_bytes()},
          {"hits", use.hits},
          {"misses", use.misses},
          {"hit_rate", use.hit_rate()},
          {"prefetched", use.prefetched},
          {"prefetched_and_used", use.prefetched_and_used},
          {"evictions", use.evictions},
          {"bytes_read", use.bytes_read},
          {"seconds_waited", use.seconds_waited}};
}

}  // namespace hlwq::cli
