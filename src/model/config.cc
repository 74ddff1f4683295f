#include "model/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "checkpoint/catalog.h"
#include "kernels/causal_conv.h"
#include "kernels/delta_rule.h"

namespace hlwq::model {
namespace {

using checkpoint::Family;
using checkpoint::FixedSetting;

constexpr uint64_t kMostPositions = uint64_t{1} << 24;
// Attention kernels hold a head on the stack.
constexpr uint64_t kMostHeadDim = 1024;

void CheckActivation(const JsonReader& text) {
  const std::string activation = text.OptionalString("hidden_act").value_or("silu");
  if (activation != "silu" && activation != "swish") {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("hidden_act '{}': want silu", activation.substr(0, 40)));
  }
}

// Of every family transformers drops the causal mask, or gives layers other sizes, by these.
constexpr std::array kFixedSettings = {FixedSetting{"is_causal", "true"},
                                       FixedSetting{"per_layer_config", "null"}};

void CheckFixedSettings(const Family& family, const JsonReader& text) {
  for (const FixedSetting& setting : kFixedSettings) text.WantFixed(setting.key, setting.value);
  for (const FixedSetting& setting : family.fixed_settings) {
    text.WantFixed(setting.key, setting.value);
  }
}

// Of families that take no heed of layer_types, and of those whose list says sliding_attention
// while there is no window.
void CheckLayerTypes(const Family& family, const JsonReader& text,
                     const checkpoint::TextConfig& sizes) {
  const auto types = text.OptionalStrings("layer_types", checkpoint::kMaxLayers);
  if (!types) return;
  for (size_t layer = 0; layer < sizes.layers.size(); ++layer) {
    const std::string_view computed = checkpoint::MixerName(sizes.layers[layer].mixer);
    if ((*types)[layer] == computed) continue;
    text.Refuse("layer_types", fmt::format("layer {}: {} computes {} by the other settings, got "
                                           "'{}'",
                                           layer, family.model_type, computed, (*types)[layer]));
  }
}

void CheckTopK(const JsonReader& text, const checkpoint::TextConfig& sizes) {
  if (sizes.top_k <= sizes.experts) return;
  text.Fail("num_experts_per_tok",
            fmt::format("want at most the {} experts, got {}", sizes.experts, sizes.top_k));
}

// Delta-rule kernels hold a head on the stack.
void CheckDelta(const JsonReader& text, const checkpoint::TextConfig& sizes) {
  if (sizes.conv_kernel > kernels::kMostTaps) {
    text.Fail("linear_conv_kernel_dim",
              fmt::format("want at most {}, got {}", kernels::kMostTaps, sizes.conv_kernel));
  }
  if (std::max(sizes.key_dim, sizes.value_dim) <= kernels::kMostDeltaDim) return;
  const bool is_key = sizes.key_dim > kernels::kMostDeltaDim;
  text.Fail(is_key ? "linear_key_head_dim" : "linear_value_head_dim",
            fmt::format("want at most {}, got {}", kernels::kMostDeltaDim,
                        is_key ? sizes.key_dim : sizes.value_dim));
}

std::vector<PlaceholderToken> Placeholders(const JsonReader& top) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kKeys = {
      {{"image_token_id", "an image"}, {"video_token_id", "a video"}}};
  std::vector<PlaceholderToken> placeholders;
  for (const auto& [key, what] : kKeys) {
    if (const auto id = top.OptionalSize(key, {0, checkpoint::kMaxDimension})) {
      placeholders.push_back({static_cast<int64_t>(*id), what});
    }
  }
  return placeholders;
}

}  // namespace

ModelConfig ReadModelConfig(const nlohmann::json& json) {
  const JsonReader top(json);
  ModelConfig config;
  config.model_type = top.OptionalString("model_type").value_or("");
  const Family* family = checkpoint::FindFamily(config.model_type);
  if (family == nullptr) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("model_type '{}': cannot be run, want one of {}",
                            config.model_type.substr(0, 40),
                            fmt::join(checkpoint::SupportedModelTypes(), ", ")));
  }
  const JsonReader text = top.Has("text_config") ? top.Child("text_config") : top;
  config.sizes = checkpoint::ReadTextConfig(*family, text);
  CheckActivation(text);
  CheckFixedSettings(*family, text);
  CheckLayerTypes(*family, text, config.sizes);
  CheckTopK(text, config.sizes);
  CheckDelta(text, config.sizes);
  if (config.sizes.head_dim > kMostHeadDim || config.sizes.head_dim % 2 != 0) {
    text.Fail("head_dim", fmt::format("want an even number up to {}, got {}", kMostHeadDim,
                                      config.sizes.head_dim));
  }
  config.max_positions = text.OptionalSize("max_position_embeddings", {1, kMostPositions})
                             .value_or(family->default_positions);
  config.norm_epsilon =
      static_cast<float>(text.OptionalNumber("rms_norm_eps", {0, 1}).value_or(1e-6));
  config.is_tied = top.Flag("tie_word_embeddings", text.Flag("tie_word_embeddings", false));
  config.family = family;
  config.rope = checkpoint::ReadRopeConfig(
      text, {.head_dim = config.sizes.head_dim,
             .partial_rotary_factor = family->default_partial_rotary_factor,
             .max_positions = config.max_positions});
  if (family->default_partial_rotary_factor == 1 && config.rope.rotated != config.sizes.head_dim) {
    text.Refuse("partial_rotary_factor",
                fmt::format("{} rotates heads of {} whole, got {}", family->model_type,
                            config.sizes.head_dim, config.rope.rotated));
  }
  config.placeholders = Placeholders(top);
  return config;
}

}  // namespace hlwq::model
