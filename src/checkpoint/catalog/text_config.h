// What a config.json says about the sizes and layers of a model's text part. Letters:
// H hidden, d head_dim, E experts, Im and Is their widths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "checkpoint/catalog/family.h"

namespace hlwq::checkpoint {

enum class Mixer : uint8_t {
  kFullAttention,
  kSlidingAttention,  // of the last TextConfig::window tokens
  kGatedDelta,
};
std::string_view MixerName(Mixer mixer) noexcept;  // as in layer_types: "full_attention"

enum class FeedForward : uint8_t { kDense, kExperts };

struct LayerKind {
  Mixer mixer = Mixer::kFullAttention;
  FeedForward feed_forward = FeedForward::kDense;

  bool has_attention() const noexcept { return mixer != Mixer::kGatedDelta; }
  bool has_experts() const noexcept { return feed_forward == FeedForward::kExperts; }
};

// Checked. Of the layers it says what transformers makes of the config, which need not be what
// layer_types says.
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
  uint64_t window = 0;  // tokens that sliding layers see; 0: there are none
  std::vector<LayerKind> layers;

  // How many tokens back attention sees, itself included; 0 means all.
  size_t WindowOf(size_t layer) const noexcept {
    return layers[layer].mixer == Mixer::kSlidingAttention ? window : 0;
  }
};

// Throws Error{kInvalidData} naming the key.
TextConfig ReadTextConfig(const Family& family, const JsonReader& text);
// Of a whole config.json, nested or flat; empty for an unknown or absent model_type.
std::optional<TextConfig> ReadTextConfig(const nlohmann::json& config);

}  // namespace hlwq::checkpoint
