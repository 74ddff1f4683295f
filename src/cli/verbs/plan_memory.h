// The part of a plan about running: the memory that a model with experts takes, by the same function
// that a run fits its expert cache with (runtime/run_memory.h).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "convert/plan.h"
#include "convert/run_weights.h"
#include "runtime/run_memory.h"

namespace hlwq::cli {

struct PlanMemory {
  convert::RunWeights weights;
  uint64_t expert_layers = 0;
  uint64_t experts = 0;     // of a layer
  uint64_t slot_bytes = 0;  // of the expert cache
  runtime::RunShape shape;
  runtime::RunMemory run;  // all but the expert cache
  double kv_bytes_per_token = 0;

  uint64_t total_experts() const noexcept { return expert_layers * experts; }
};

// Of the model that `config` describes, null where nothing does, once it is quantized as planned. Empty
// for one without experts. Throws as model::ReadModelConfig for one that is not run here.
std::optional<PlanMemory> FindPlanMemory(const nlohmann::json& config,
                                         const convert::QuantizePlan& plan,
                                         const runtime::KvFormat& kv_format = {});
// The same, but where the model is not run here a note of the plan says so.
std::optional<PlanMemory> PlanMemoryOrNote(const nlohmann::json& config,
                                           convert::QuantizePlan& plan,
                                           const runtime::KvFormat& kv_format = {});

// One size of the expert cache, and what it takes.
struct CacheMemory {
  uint64_t slots = 0;  // for each layer with experts; of the pool where is_pool
  bool is_pool = false;
  uint64_t cache_bytes = 0;
  uint64_t total_bytes = 0;
  // Of the weights alone, with slots that hold experts decoded to 16 bits and the whole embedding.
  uint64_t decoded_weight_bytes = 0;
};

// 1, 2, 4, 8, .. and all.
std::vector<CacheMemory> CacheMemories(const PlanMemory& memory);
// `slots` for each layer. Throws Error{kInvalidArgument} for more than there are experts.
CacheMemory SlotMemory(const PlanMemory& memory, uint64_t slots);
// As many slots as `bytes` hold, for any layer, at most all. Throws Error{kInvalidArgument} where
// that is none.
CacheMemory PoolMemory(const PlanMemory& memory, uint64_t bytes);

// The plan with this as "run_memory", null where there is none.
nlohmann::json PlanToJson(const convert::QuantizePlan& plan,
                          const std::optional<PlanMemory>& memory,
                          std::span<const CacheMemory> caches = {});
std::string RenderPlanMemory(const PlanMemory& memory, std::span<const CacheMemory> caches,
                             const TextLayout& layout);

}  // namespace hlwq::cli
