// Qwen3-Next: gated delta nets with inputs fused by key head, full attention with an output gate in
// every fourth layer, experts with one that all tokens share.
#pragma once

#include <array>

#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

inline constexpr std::array kQwen3NextFixedSettings = {FixedSetting{"attn_output_gate", "true"}};

inline constexpr Family kQwen3Next = {
    .model_type = "qwen3_next",
    .qkv_bias = QkvBias::kByConfig,
    .has_qk_norm = true,
    .has_zero_centred_norms = true,
    .has_output_gate = true,
    .has_delta_layers = true,
    .fuses_delta_inputs = true,
    .experts = Experts::kBySparseStep,
    .has_shared_expert = true,
    .mtp_layers_key = "num_nextn_predict_layers",
    .default_top_k = 10,
    .default_head_dim = 256,
    .default_partial_rotary_factor = 0.25,
    .fixed_settings = kQwen3NextFixedSettings,
};

}  // namespace hlwq::checkpoint
