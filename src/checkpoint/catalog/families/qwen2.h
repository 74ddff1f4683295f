// Qwen2: Llama with biases on q, k and v, always.
#pragma once

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

inline constexpr Family kQwen2 = {
    .model_type = "qwen2",
    .qkv_bias = QkvBias::kAlwaysExceptO,
    .sliding_layers = SlidingLayers::kListedIfUsed,
    .gguf = {.architecture = "qwen2", .transformers_class = "Qwen2ForCausalLM"},
};

}  // namespace hlwq::checkpoint
