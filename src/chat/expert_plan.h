// How many experts of a mixture are kept in the memory there is.
#pragma once

#include <filesystem>
#include <optional>
#include <variant>

#include "base/memory_limit.h"
#include "runtime/engine.h"

namespace hlwq::chat {

// No effect on a model without experts.
struct ExpertOptions {
  // Empty: all where there is enough memory, else as many as fit beside the rest of a run.
  std::optional<std::variant<runtime::SlotsPerLayer, runtime::PoolBytes>> size = {};
  runtime::EvictionPolicy policy = runtime::EvictionPolicy::kLfru;
  bool has_prefetch = true;
};

// The cache to give the engine (Engine::CacheExperts). Nothing: the experts are used where they lie,
// as there are none, or they had to be decoded into memory. Throws as FitExperts, also where the
// size is given: nothing works under such a limit.
std::optional<runtime::ExpertCacheOptions> PlanExpertCache(const runtime::Engine& engine,
                                                           const ExpertOptions& options,
                                                           const MemoryLimit& memory);

}  // namespace hlwq::chat
