// Qwen3.5 and Qwen3.6, dense or with experts: layers as of Qwen3-Next with the inputs of the delta
// nets apart. Of a multimodal checkpoint the text part is run; its vision tower is carried along.
#pragma once

#include <string_view>

#include "checkpoint/catalog/families/qwen3_next.h"

namespace hlwq::checkpoint {

constexpr Family Qwen35(std::string_view model_type, bool has_experts) {
  return {.model_type = model_type,
          .qkv_bias = QkvBias::kByConfig,
          .has_qk_norm = true,
          .has_zero_centred_norms = true,
          .has_output_gate = true,
          .has_delta_layers = true,
          .experts = has_experts ? Experts::kEveryLayer : Experts::kNone,
          .has_shared_expert = has_experts,
          .mtp_layers_key = "mtp_num_hidden_layers",
          .top_k_norm = TopKNorm::kAlways,
          .default_head_dim = 256,
          .default_partial_rotary_factor = 0.25,
          .fixed_settings = kQwen3NextFixedSettings};
}

inline constexpr Family kQwen35 = Qwen35("qwen3_5", false);
inline constexpr Family kQwen35Moe = Qwen35("qwen3_5_moe", true);
inline constexpr Family kQwen35MoeText = Qwen35("qwen3_5_moe_text", true);
inline constexpr Family kQwen35Text = Qwen35("qwen3_5_text", false);

}  // namespace hlwq::checkpoint
