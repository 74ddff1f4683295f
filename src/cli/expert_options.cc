#include "cli/expert_options.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/memory_limit.h"
#include "base/number_text.h"
#include "cli/output.h"
#include "runtime/experts/expert_memory.h"

namespace hlwq::cli {
namespace {

bool HasExperts(const runtime::Engine& engine) { return engine.config().sizes.experts > 0; }

Error NoExperts(const char* flag, const runtime::Engine& engine) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("--{}: this model, {}, has no experts",
                                                        flag, engine.config().model_type));
}

// Verbs that run two models do not have the flag.
bool CanTrace(int engines) { return engines == 1; }

// Nothing: the experts are in memory already, decoded. A limit that nothing works under is an error,
// whatever the flags say.
std::optional<runtime::ExpertCacheOptions> WantedCache(const Arguments& arguments,
                                                       const runtime::Engine& engine, int engines) {
  runtime::ExpertCacheOptions options;
  options.policy = runtime::EvictionPolicyFromName(arguments.Text("expert-policy"));
  options.has_prefetch = !arguments.Switch("no-expert-prefetch");
  const auto need = runtime::ExpertMemoryOf(engine.model(), engine.chunk_tokens());
  if (need) {
    MemoryLimit memory = ReadMemoryLimit();
    memory.available_bytes /= static_cast<uint64_t>(engines);
    options.size = runtime::FitExperts(*need, memory);
  }
  if (const auto slots = arguments.FindInteger("expert-cache-size")) {
    options.size = runtime::SlotsPerLayer{static_cast<size_t>(*slots)};
  } else if (arguments.Has("expert-cache-bytes")) {
    options.size = runtime::PoolBytes{arguments.Bytes("expert-cache-bytes")};
  } else if (!need) {
    return std::nullopt;
  }
  return options;
}

}  // namespace

void HoldExperts(const Arguments& arguments, runtime::Engine& engine, int engines) {
  if (!HasExperts(engine)) {
    for (const char* flag : {"expert-cache-size", "expert-cache-bytes"}) {
      if (arguments.Has(flag)) throw NoExperts(flag, engine);
    }
    if (CanTrace(engines) && arguments.Has("trace-experts"))
      throw NoExperts("trace-experts", engine);
    return;
  }
  if (const auto options = WantedCache(arguments, engine, engines)) engine.CacheExperts(*options);
  if (CanTrace(engines)) {
    if (const auto path = arguments.FindText("trace-experts")) engine.TraceExperts(*path);
  }
  PrintNote(arguments, "experts: " + ExpertsInWords(engine));
}

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
