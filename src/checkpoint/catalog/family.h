// The model families, and what a config says about one model of them. Letters as in
// docs/architecture.md: H hidden, d head_dim, E experts, Im and Is their widths.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "checkpoint/catalog/config_reader.h"

namespace hlwq::checkpoint {

enum class QkvBias : uint8_t {
  kNever,
  kByConfig,       // attention_bias: q, k, v and o
  kAlwaysExceptO,  // qwen2
};
enum class TopKNorm : uint8_t {
  kIfSet,
  kUnlessSet,  // unless it is false
  kAlways,     // there is no such key
};
enum class Experts : uint8_t {
  kNone,
  kBySparseStep,  // decoder_sparse_step, mlp_only_layers
  kEveryLayer,
};

// What tells the families apart, as far as tensors go. Adding one that is made of known parts is
// adding a row to the table in family.cc.
struct Family {
  std::string_view model_type;
  QkvBias qkv_bias = QkvBias::kNever;
  bool has_mlp_bias_flag = false;
  bool has_qk_norm = false;
  bool has_zero_centred_norms = false;  // 1 + w, but for linear_attn.norm
  bool has_output_gate = false;         // q_proj holds query and gate
  bool has_delta_layers = false;        // gated delta net beside full attention
  bool fuses_delta_inputs = false;      // in_proj_qkvz, in_proj_ba
  Experts experts = Experts::kNone;
  bool has_shared_expert = false;
  // norm_topk_prob: whether the weights of the chosen experts are divided by their sum.
  TopKNorm top_k_norm = TopKNorm::kUnlessSet;
  uint64_t default_top_k = 8;     // num_experts_per_tok
  uint64_t default_head_dim = 0;  // 0: hidden_size / num_attention_heads
  double default_partial_rotary_factor = 1;
  std::string_view mtp_layers_key;  // empty: the family has no MTP layers
};

const Family* FindFamily(std::string_view model_type) noexcept;
std::vector<std::string_view> SupportedModelTypes();

struct LayerKind {
  bool has_full_attention = true;  // else a gated delta net
  bool has_experts = false;        // else a dense MLP
};

// The sizes of one model's text part, checked.
struct TextConfig {
  uint64_t vocab = 0;
  uint64_t hidden = 0;
  uint64_t heads = 0, kv_heads = 0, head_dim = 0;
  uint64_t intermediate = 0;  // 0 where no layer is dense
  uint64_t experts = 0, expert_intermediate = 0, shared_intermediate = 0;
  uint64_t top_k = 0;  // experts of a token; 0 where there are none
  bool has_top_k_norm = false;
  uint64_t key_heads = 0, value_heads = 0, key_dim = 0, value_dim = 0, conv_kernel = 0;
  uint64_t mtp_layers = 0;
  bool has_attention_bias = false;
  bool has_mlp_bias = false;
  std::vector<LayerKind> layers;
};

// Throws Error{kInvalidData} naming the key.
TextConfig ReadTextConfig(const Family& family, const ConfigReader& text);
// Of a whole config.json, nested or flat; empty for an unknown or absent model_type.
std::optional<TextConfig> ReadTextConfig(const nlohmann::json& config);

}  // namespace hlwq::checkpoint
