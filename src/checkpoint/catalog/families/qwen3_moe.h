// Qwen3-MoE: Qwen3 with a mixture of experts in all layers but those that config.json names. Its
// layers see a window all or none.
#pragma once

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

inline constexpr Family kQwen3Moe = {
    .model_type = "qwen3_moe",
    .qkv_bias = QkvBias::kByConfig,
    .has_qk_norm = true,
    .experts = Experts::kBySparseStep,
    .sliding_layers = SlidingLayers::kAllIfUsed,
    .top_k_norm = TopKNorm::kIfSet,
    .gguf = {.architecture = "qwen3moe", .transformers_class = "Qwen3MoeForCausalLM"},
};

}  // namespace hlwq::checkpoint
