// A mixture of two layers with 4 experts after one without, as a config.
#pragma once

#include <nlohmann/json.hpp>

namespace hlwq::test {

inline nlohmann::json SmallMoe(bool is_tied) {
  return {{"model_type", "qwen3_moe"},     {"vocab_size", 100},      {"hidden_size", 128},
          {"intermediate_size", 256},      {"num_hidden_layers", 3}, {"num_attention_heads", 2},
          {"num_key_value_heads", 1},      {"head_dim", 64},         {"num_experts", 4},
          {"num_experts_per_tok", 2},      {"mlp_only_layers", {0}}, {"moe_intermediate_size", 128},
          {"tie_word_embeddings", is_tied}};
}

}  // namespace hlwq::test
