#include "chat/expert_plan.h"

#include "runtime/experts/expert_memory.h"

namespace hlwq::chat {

std::optional<runtime::ExpertCacheOptions> PlanExpertCache(const runtime::Engine& engine,
                                                           const ExpertOptions& options,
                                                           const MemoryLimit& memory) {
  if (engine.config().sizes.experts == 0) return std::nullopt;
  runtime::ExpertCacheOptions plan;
  plan.policy = options.policy;
  plan.has_prefetch = options.has_prefetch;
  const auto need = runtime::ExpertMemoryOf(engine.model(), engine.chunk_tokens());
  if (need) plan.size = runtime::FitExperts(*need, memory);
  if (options.size) plan.size = *options.size;
  return need || options.size ? std::optional(plan) : std::nullopt;
}

}  // namespace hlwq::chat
