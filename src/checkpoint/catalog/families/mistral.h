// Mistral: Llama without biases, whose layers all see a window of sliding_window tokens.
#pragma once

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

inline constexpr Family kMistral = {
    .model_type = "mistral",
    .sliding_layers = SlidingLayers::kAll,
    .default_positions = 131072,
    .gguf = {.architecture = "llama",
             .transformers_class = "MistralForCausalLM",
             .has_permuted_heads = true,
             .is_alias = true},
};

}  // namespace hlwq::checkpoint
