// Llama: full attention and a SwiGLU network, with biases where config.json asks for them.
#pragma once

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

inline constexpr Family kLlama = {
    .model_type = "llama",
    .qkv_bias = QkvBias::kByConfig,
    .has_mlp_bias_flag = true,
    .default_positions = 2048,
    .gguf = {.architecture = "llama",
             .transformers_class = "LlamaForCausalLM",
             .has_permuted_heads = true},
};

}  // namespace hlwq::checkpoint
