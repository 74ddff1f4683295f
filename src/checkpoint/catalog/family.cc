#include "checkpoint/catalog/family.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

constexpr SizeRange kDimension{1, kMaxDimension};

constexpr Family Qwen35(std::string_view model_type, bool has_experts) {
  return {.model_type = model_type,
          .qkv_bias = QkvBias::kByConfig,
          .has_qk_norm = true,
          .has_zero_centred_norms = true,
          .has_output_gate = true,
          .has_delta_layers = true,
          .experts = has_experts ? Experts::kEveryLayer : Experts::kNone,
          .has_shared_expert = has_experts,
          .top_k_norm = TopKNorm::kAlways,
          .default_head_dim = 256,
          .default_partial_rotary_factor = 0.25,
          .mtp_layers_key = "mtp_num_hidden_layers"};
}

// Sorted by name.
constexpr std::array kFamilies = {
    Family{.model_type = "llama", .qkv_bias = QkvBias::kByConfig, .has_mlp_bias_flag = true},
    Family{.model_type = "mistral"},
    Family{.model_type = "qwen2", .qkv_bias = QkvBias::kAlwaysExceptO},
    Family{.model_type = "qwen3",
           .qkv_bias = QkvBias::kByConfig,
           .has_qk_norm = true,
           .default_head_dim = 128},
    Qwen35("qwen3_5", false),
    Qwen35("qwen3_5_moe", true),
    Qwen35("qwen3_5_moe_text", true),
    Qwen35("qwen3_5_text", false),
    Family{.model_type = "qwen3_moe",
           .qkv_bias = QkvBias::kByConfig,
           .has_qk_norm = true,
           .experts = Experts::kBySparseStep,
           .top_k_norm = TopKNorm::kIfSet},
    Family{.model_type = "qwen3_next",
           .qkv_bias = QkvBias::kByConfig,
           .has_qk_norm = true,
           .has_zero_centred_norms = true,
           .has_output_gate = true,
           .has_delta_layers = true,
           .fuses_delta_inputs = true,
           .experts = Experts::kBySparseStep,
           .has_shared_expert = true,
           .default_top_k = 10,
           .default_head_dim = 256,
           .default_partial_rotary_factor = 0.25,
           .mtp_layers_key = "num_nextn_predict_layers"},
};

void ReadAttention(const Family& family, const ConfigReader& text, TextConfig& config) {
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

void ReadDelta(const ConfigReader& text, TextConfig& config) {
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

// layer_types where given, else every full_attention_interval-th layer is full.
void ReadMixers(const Family& family, const ConfigReader& text, std::vector<LayerKind>& layers) {
  const auto types = text.OptionalStrings("layer_types");
  if (!types) {
    if (!family.has_delta_layers) return;
    const uint64_t interval = text.OptionalSize("full_attention_interval", kDimension).value_or(4);
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      layers[layer].has_full_attention = (layer + 1) % interval == 0;
    }
    return;
  }
  if (types->size() != layers.size()) {
    text.Fail("layer_types", fmt::format("want one for each of the {} layers, got {}",
                                         layers.size(), types->size()));
  }
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    const std::string& type = (*types)[layer];
    const bool is_delta = type == "linear_attention" && family.has_delta_layers;
    if (!is_delta && type != "full_attention" && type != "sliding_attention") {
      text.Fail("layer_types", fmt::format("layer {}: want a kind of layer that {} has, got '{}'",
                                           layer, family.model_type, type.substr(0, 40)));
    }
    layers[layer].has_full_attention = !is_delta;
  }
}

void ReadExperts(const Family& family, const ConfigReader& text, TextConfig& config) {
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
    for (LayerKind& layer : config.layers) layer.has_experts = true;
  } else {
    const uint64_t step = text.OptionalSize("decoder_sparse_step", kDimension).value_or(1);
    for (size_t layer = 0; layer < config.layers.size(); ++layer) {
      config.layers[layer].has_experts = config.experts > 0 && (layer + 1) % step == 0;
    }
    const auto dense = text.OptionalSizes("mlp_only_layers", {0, kMaxLayers});
    for (const uint64_t layer : dense.value_or(std::vector<uint64_t>{})) {
      if (layer < config.layers.size()) config.layers[layer].has_experts = false;
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

const Family* FindFamily(std::string_view model_type) noexcept {
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(), [&](const Family& family) {
    return family.model_type == model_type;
  });
  return found == kFamilies.end() ? nullptr : &*found;
}

std::vector<std::string_view> SupportedModelTypes() {
  std::vector<std::string_view> names;
  for (const Family& family : kFamilies) names.push_back(family.model_type);
  return names;
}

TextConfig ReadTextConfig(const Family& family, const ConfigReader& text) {
  TextConfig config;
  config.vocab = text.Size("vocab_size", kDimension);
  config.hidden = text.Size("hidden_size", kDimension);
  config.layers.resize(text.Size("num_hidden_layers", {1, kMaxLayers}));
  ReadAttention(family, text, config);
  ReadMixers(family, text, config.layers);
  if (family.has_delta_layers) ReadDelta(text, config);
  if (family.experts != Experts::kNone) ReadExperts(family, text, config);
  if (!family.mtp_layers_key.empty()) {
    config.mtp_layers = text.OptionalSize(family.mtp_layers_key, {0, 16}).value_or(0);
  }
  const bool has_dense_layer = std::any_of(config.layers.begin(), config.layers.end(),
                                           [](LayerKind kind) { return !kind.has_experts; });
  if (has_dense_layer) config.intermediate = text.Size("intermediate_size", kDimension);
  config.has_mlp_bias = family.has_mlp_bias_flag && text.Flag("mlp_bias", false);
  return config;
}

std::optional<TextConfig> ReadTextConfig(const nlohmann::json& config) {
  const ConfigReader top(config, "");
  const Family* family = FindFamily(top.OptionalString("model_type").value_or(""));
  if (family == nullptr) return std::nullopt;
  return ReadTextConfig(*family, top.Has("text_config") ? top.Child("text_config") : top);
}

}  // namespace hlwq::checkpoint
