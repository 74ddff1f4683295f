// Qwen3: Llama with RMS norms on the heads of q and k.
#pragma once

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

inline constexpr Family kQwen3 = {
    .model_type = "qwen3",
    .qkv_bias = QkvBias::kByConfig,
    .has_qk_norm = true,
    .sliding_layers = SlidingLayers::kListedIfUsed,
    .default_head_dim = 128,
    .gguf = {.architecture = "qwen3", .transformers_class = "Qwen3ForCausalLM"},
};

}  // namespace hlwq::checkpoint
