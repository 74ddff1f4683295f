// The sizes of Qwen3.6-35B-A3B, as a config.
#pragma once

#include <nlohmann/json.hpp>

namespace hlwq::test {

inline nlohmann::json Qwen36Sizes() {
  return {{"model_type", "qwen3_5_moe"},
          {"text_config",
           {{"vocab_size", 248'320},
            {"hidden_size", 2048},
            {"num_hidden_layers", 40},
            {"num_attention_heads", 16},
            {"num_key_value_heads", 2},
            {"head_dim", 256},
            {"full_attention_interval", 4},
            {"linear_num_key_heads", 16},
            {"linear_num_value_heads", 32},
            {"linear_key_head_dim", 128},
            {"linear_value_head_dim", 128},
            {"linear_conv_kernel_dim", 4},
            {"num_experts", 256},
            {"moe_intermediate_size", 512},
            {"shared_expert_intermediate_size", 512},
            {"mtp_num_hidden_layers", 1}}},
          {"vision_config",
           {{"depth", 27},
            {"hidden_size", 1152},
            {"intermediate_size", 4304},
            {"patch_size", 16},
            {"temporal_patch_size", 2},
            {"num_position_embeddings", 2304},
            {"spatial_merge_size", 2},
            {"out_hidden_size", 2048}}}};
}

}  // namespace hlwq::test
