// Llama: full attention and a SwiGLU network, with biases where config.json asks for them.
#pragma once

#include <array>

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

// transformers masks nothing for these, but its caches forget what lies outside.
inline constexpr std::array kLlamaFixedSettings = {FixedSetting{"sliding_window", "null"},
                                                   FixedSetting{"attention_chunk_size", "null"}};

inline constexpr Family kLlama = {
    .model_type = "llama",
    .qkv_bias = QkvBias::kByConfig,
    .has_mlp_bias_flag = true,
    .default_positions = 2048,
    .fixed_settings = kLlamaFixedSettings,
    .gguf = {.architecture = "llama",
             .transformers_class = "LlamaForCausalLM",
             .has_permuted_heads = true},
};

}  // namespace hlwq::checkpoint
