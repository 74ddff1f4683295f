#include "checkpoint/catalog/text_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

constexpr SizeRange kDimension{1, kMaxDimension};

// In the order of the enum.
constexpr std::array<std::string_view, 3> kMixerNames = {"full_attention", "sliding_attention",
                                                         "linear_attention"};

void ReadAttention(const Family& family, const JsonReader& text, TextConfig& config) {
  config.heads = text.Size("num_attention_heads", kDimension);
  config.kv_heads = text.OptionalSize("num_key_value_heads", kDimension).value_or(config.heads);
  if (config.heads % config.kv_heads != 0) {
    text.Fail("num_key_value_heads",
              fmt::format("want a divisor of the {} heads, got {}", config.heads, config.kv_heads));
  }
  if (const auto head_dim = text.OptionalSize("head_dim", kDimension)) {
    config.head_dim = *head_dim;
  } else if (family.default_head_dim != 0) {
    config.head_dim = family.default_head_dim;
  } else if (config.hidden % config.heads == 0) {
    config.head_dim = config.hidden / config.heads;
  } else {
    text.Fail("head_dim", fmt::format("missing, and hidden_size {} is not a multiple of {} heads",
                                      config.hidden, config.heads));
  }
  config.has_attention_bias =
      family.qkv_bias == QkvBias::kByConfig && text.Flag("attention_bias", false);
}

void ReadDelta(const JsonReader& text, TextConfig& config) {
  config.key_heads = text.Size("linear_num_key_heads", kDimension);
  config.value_heads = text.Size("linear_num_value_heads", kDimension);
  config.key_dim = text.Size("linear_key_head_dim", kDimension);
  config.value_dim = text.Size("linear_value_head_dim", kDimension);
  config.conv_kernel = text.Size("linear_conv_kernel_dim", kDimension);
  if (config.value_heads % config.key_heads != 0) {
    text.Fail("linear_num_value_heads", fmt::format("want a multiple of the {} key heads, got {}",
                                                    config.key_heads, config.value_heads));
  }
}

// layer_types, one for each layer; empty where there is none.
std::vector<Mixer> ListedMixers(const Family& family, const JsonReader& text, size_t layers) {
  const auto types = text.OptionalStrings("layer_types", kMaxLayers);
  if (!types) return {};
  if (types->size() != layers) {
    text.Fail("layer_types",
              fmt::format("want one for each of the {} layers, got {}", layers, types->size()));
  }
  std::vector<Mixer> mixers;
  for (size_t layer = 0; layer < layers; ++layer) {
    const std::string& type = (*types)[layer];
    const auto found = std::ranges::find(kMixerNames, type);
    const auto mixer = static_cast<Mixer>(found - kMixerNames.begin());
    if (found == kMixerNames.end() || (mixer == Mixer::kGatedDelta && !family.has_delta_layers)) {
      text.Fail("layer_types", fmt::format("layer {}: want a kind of layer that {} has, got '{}'",
                                           layer, family.model_type, type.substr(0, 40)));
    }
    mixers.push_back(mixer);
  }
  return mixers;
}

// 0: no layer sees a window.
uint64_t ReadWindow(const Family& family, const JsonReader& text) {
  const bool is_used =
      family.sliding_layers == SlidingLayers::kAll ||
      (family.sliding_layers != SlidingLayers::kNone && text.Flag("use_sliding_window", false));
  if (!is_used || text.IsNull("sliding_window")) return 0;
  return text.OptionalSize("sliding_window", kDimension).value_or(4096);
}

// Where none are listed, every full_attention_interval-th layer is full attention.
void SetDeltaLayers(const JsonReader& text, std::span<const Mixer> listed,
                    std::vector<LayerKind>& layers) {
  const uint64_t interval =
      listed.empty() ? text.OptionalSize("full_attention_interval", kDimension).value_or(4) : 0;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    const bool is_delta =
        listed.empty() ? (layer + 1) % interval != 0 : listed[layer] == Mixer::kGatedDelta;
    if (is_delta) layers[layer].mixer = Mixer::kGatedDelta;
  }
}

void SetSlidingLayers(const Family& family, const JsonReader& text, std::span<const Mixer> listed,
                      std::vector<LayerKind>& layers) {
  const bool is_by_layer = family.sliding_layers == SlidingLayers::kListedIfUsed;
  const uint64_t first =
      is_by_layer && listed.empty()
          ? text.OptionalSize("max_window_layers", {0, kMaxDimension}).value_or(28)
          : 0;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    const bool is_sliding =
        is_by_layer && !listed.empty() ? listed[layer] == Mixer::kSlidingAttention : layer >= first;
    if (is_sliding) layers[layer].mixer = Mixer::kSlidingAttention;
  }
}

void ReadMixers(const Family& family, const JsonReader& text, TextConfig& config) {
  const std::vector<Mixer> listed = ListedMixers(family, text, config.layers.size());
  config.window = ReadWindow(family, text);
  if (family.has_delta_layers) SetDeltaLayers(text, listed, config.layers);
  if (config.window != 0) SetSlidingLayers(family, text, listed, config.layers);
}

void ReadExperts(const Family& family, const JsonReader& text, TextConfig& config) {
  const SizeRange range{family.experts == Experts::kEveryLayer ? 1u : 0u, kMaxExperts};
  // transformers 5 writes num_local_experts for qwen3_moe.
  const bool is_renamed = !text.Has("num_experts") && text.Has("num_local_experts");
  const std::string_view key = is_renamed ? "num_local_experts" : "num_experts";
  config.experts = text.Size(key, range);
  if (config.experts * config.layers.size() * 3 > kMaxCatalogTensors) {
    text.Fail(key, fmt::format("want at most {} expert tensors, got {} experts in {} layers",
                               kMaxCatalogTensors, config.experts, config.layers.size()));
  }
  if (family.experts == Experts::kEveryLayer) {
    for (LayerKind& layer : config.layers) layer.feed_forward = FeedForward::kExperts;
  } else {
    const uint64_t step = text.OptionalSize("decoder_sparse_step", kDimension).value_or(1);
    for (size_t layer = 0; layer < config.layers.size(); ++layer) {
      if (config.experts > 0 && (layer + 1) % step == 0) {
        config.layers[layer].feed_forward = FeedForward::kExperts;
      }
    }
    const auto dense = text.OptionalSizes("mlp_only_layers", kMaxLayers, {0, kMaxLayers});
    for (const uint64_t layer : dense.value_or(std::vector<uint64_t>{})) {
      if (layer < config.layers.size()) {
        config.layers[layer].feed_forward = FeedForward::kDense;
      }
    }
  }
  if (config.experts == 0) return;
  config.expert_intermediate = text.Size("moe_intermediate_size", kDimension);
  config.top_k =
      text.OptionalSize("num_experts_per_tok", kDimension).value_or(family.default_top_k);
  config.has_top_k_norm = family.top_k_norm == TopKNorm::kAlways ||
                          text.Flag("norm_topk_prob", family.top_k_norm == TopKNorm::kUnlessSet);
  if (family.has_shared_expert) {
    config.shared_intermediate = text.Size("shared_expert_intermediate_size", kDimension);
  }
}

}  // namespace

std::string_view MixerName(Mixer mixer) noexcept { return kMixerNames[static_cast<size_t>(mixer)]; }

TextConfig ReadTextConfig(const Family& family, const JsonReader& text) {
  TextConfig config;
  config.vocab = text.Size("vocab_size", kDimension);
  config.hidden = text.Size("hidden_size", kDimension);
  config.layers.resize(text.Size("num_hidden_layers", {1, kMaxLayers}));
  ReadAttention(family, text, config);
  ReadMixers(family, text, config);
  if (family.has_delta_layers) ReadDelta(text, config);
  if (family.experts != Experts::kNone) ReadExperts(family, text, config);
  if (!family.mtp_layers_key.empty()) {
    config.mtp_layers = text.OptionalSize(family.mtp_layers_key, {0, 16}).value_or(0);
  }
  const bool has_dense_layer = !std::ranges::all_of(config.layers, &LayerKind::has_experts);
  if (has_dense_layer) config.intermediate = text.Size("intermediate_size", kDimension);
  config.has_mlp_bias = family.has_mlp_bias_flag && text.Flag("mlp_bias", false);
  return config;
}

std::optional<TextConfig> ReadTextConfig(const nlohmann::json& config) {
  const JsonReader top(config);
  const Family* family = FindFamily(top.OptionalString("model_type").value_or(""));
  if (family == nullptr) return std::nullopt;
  return ReadTextConfig(*family, top.Has("text_config") ? top.Child("text_config") : top);
}

}  // namespace hlwq::checkpoint
