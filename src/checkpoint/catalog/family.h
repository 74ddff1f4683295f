// The model families: one record for each says what is particular to it, in its tensors, in what
// its config.json means, and in GGUF files. The records are in families/, one file each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

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
// Which layers see no more than the last sliding_window tokens. There are none where that is null.
enum class SlidingLayers : uint8_t {
  kNone,
  kAll,
  kAllIfUsed,     // where use_sliding_window is true
  kListedIfUsed,  // of these the ones that layer_types lists, else those from max_window_layers on
};

// A setting that changes what a model computes and that is run with one value only.
struct FixedSetting {
  std::string_view key;
  std::string_view value;  // as JSON text; an absent key counts as this
};

// GGUF files of a family (docs/gguf.md).
struct GgufFamily {
  std::string_view architecture;  // llama.cpp's name; empty: such files are not read or written
  std::string_view transformers_class;  // "LlamaForCausalLM": `architectures` of config.json
  // llama.cpp rotates neighbours (2j, 2j+1) in the llama family, so its converter reorders the rows
  // of q and k; qwen's are stored as they are.
  bool has_permuted_heads = false;
  // Written under the name of another family, as which it is read back.
  bool is_alias = false;
};

struct Family {
  std::string_view model_type;

  // Tensors.
  QkvBias qkv_bias = QkvBias::kNever;
  bool has_mlp_bias_flag = false;
  bool has_qk_norm = false;
  bool has_zero_centred_norms = false;  // 1 + w, but for linear_attn.norm
  bool has_output_gate = false;         // q_proj holds query and gate
  bool has_delta_layers = false;        // gated delta net beside full attention
  bool fuses_delta_inputs = false;      // in_proj_qkvz, in_proj_ba
  Experts experts = Experts::kNone;
  bool has_shared_expert = false;
  std::string_view mtp_layers_key;  // empty: the family has no MTP layers

  // What config.json means, and what transformers takes where it says nothing.
  SlidingLayers sliding_layers = SlidingLayers::kNone;
  // norm_topk_prob: whether the weights of the chosen experts are divided by their sum.
  TopKNorm top_k_norm = TopKNorm::kUnlessSet;
  uint64_t default_top_k = 8;                // num_experts_per_tok
  uint64_t default_head_dim = 0;             // 0: hidden_size / num_attention_heads
  double default_partial_rotary_factor = 1;  // 1: heads are rotated whole, whatever is asked for
  uint64_t default_positions = 32768;        // max_position_embeddings
  // Of the settings that transformers heeds for the family, those that only one value is run of.
  std::span<const FixedSetting> fixed_settings;

  GgufFamily gguf;
};

// Sorted by model_type.
std::span<const Family> Families() noexcept;
const Family* FindFamily(std::string_view model_type) noexcept;

}  // namespace hlwq::checkpoint
