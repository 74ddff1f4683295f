#include "checkpoint/gguf/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

json IdOrNull(const std::optional<uint64_t>& id) { return id ? json(*id) : json(nullptr); }

std::string_view MostCommonDType(std::span<const TensorEntry> tensors) {
  std::map<DType, uint64_t> weights;
  for (const TensorEntry& entry : tensors) weights[entry.dtype] += entry.elements();
  const auto most =
      std::max_element(weights.begin(), weights.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == weights.end() || most->first == DType::kF32) return "float32";
  return most->first == DType::kBF16 ? "bfloat16" : "float16";
}

}  // namespace

GgufSpecialIds ReadSpecialIds(const io::GgufMetadata& metadata, uint64_t vocab,
                              std::vector<std::string>& notes) {
  const auto read = [&](std::string_view name) -> std::optional<uint64_t> {
    const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
    const std::optional<uint64_t> id = metadata.Uint(key);
    if (id && *id >= vocab) {
      notes.push_back(fmt::format("metadata '{}' is {}, outside the vocabulary of {}: ignored", key,
                                  *id, vocab));
      return std::nullopt;
    }
    return id;
  };
  GgufSpecialIds ids{read("bos"), read("eos"), read("unknown"), read("padding"), {}};
  for (const std::optional<uint64_t>& stop : {ids.eos, read("eot"), read("eom")}) {
    if (stop && std::find(ids.stops.begin(), ids.stops.end(), *stop) == ids.stops.end()) {
      ids.stops.push_back(*stop);
    }
  }
  return ids;
}

json MakeConfig(const GgufModel& model, const json& rope_scaling, const GgufSpecialIds& ids,
                std::span<const TensorEntry> tensors) {
  const std::string_view dtype = MostCommonDType(tensors);
  json rope_parameters = rope_scaling.is_null() ? json{{"rope_type", "default"}} : rope_scaling;
  rope_parameters["rope_theta"] = model.rope_theta;
  json config = {
      {"architectures", {model.family->gguf.transformers_class}},
      {"attention_dropout", 0.0},
      {"bos_token_id", IdOrNull(ids.bos)},
      {"dtype", dtype},
      {"eos_token_id", IdOrNull(ids.eos)},
      {"head_dim", model.head_dim},
      {"hidden_act", "silu"},
      {"hidden_size", model.hidden},
      {"initializer_range", 0.02},
      {"intermediate_size", model.intermediate},
      {"max_position_embeddings", model.context},
      {"model_type", model.family->model_type},
      {"num_attention_heads", model.heads},
      {"num_hidden_layers", model.layers},
      {"num_key_value_heads", model.kv_heads},
      {"pad_token_id", IdOrNull(ids.pad)},
      {"rms_norm_eps", model.rms_norm_eps},
      {"rope_parameters", rope_parameters},
      {"rope_scaling", rope_scaling},
      {"rope_theta", model.rope_theta},
      {"tie_word_embeddings", model.has_tied_head},
      {"torch_dtype", dtype},
      {"use_cache", true},
      {"vocab_size", model.vocab},
  };
  if (model.family->qkv_bias == QkvBias::kByConfig) {
    config["attention_bias"] = model.has_attention_bias;
  }
  if (model.family->has_mlp_bias_flag) config["mlp_bias"] = model.has_mlp_bias;
  if (model.family->sliding_layers != SlidingLayers::kNone) {
    config["use_sliding_window"] = false;
    config["sliding_window"] = nullptr;
    config["max_window_layers"] = model.layers;
  }
  if (model.experts > 0) {
    config["num_experts"] = model.experts;
    config["num_experts_per_tok"] = model.experts_used;
    config["moe_intermediate_size"] = model.expert_intermediate;
    config["norm_topk_prob"] = true;  // llama.cpp knows no other way for this architecture
    config["decoder_sparse_step"] = 1;
    config["mlp_only_layers"] = json::array();
  }
  return config;
}

json MakeGenerationConfig(const io::GgufMetadata& metadata, const GgufSpecialIds& ids) {
  json config = {{"bos_token_id", IdOrNull(ids.bos)}, {"eos_token_id", nullptr}};
  if (ids.stops.size() == 1) config["eos_token_id"] = ids.stops[0];
  if (ids.stops.size() > 1) config["eos_token_id"] = ids.stops;
  if (ids.pad) config["pad_token_id"] = *ids.pad;

  struct Row {
    std::string_view key;
    std::string_view name;
  };
  for (const Row& row :
       {Row{"general.sampling.temp", "temperature"}, Row{"general.sampling.top_p", "top_p"},
        Row{"general.sampling.min_p", "min_p"},
        Row{"general.sampling.penalty_repeat", "repetition_penalty"}}) {
    const std::optional<double> number = metadata.Number(row.key);
    if (number && std::isfinite(*number)) config[row.name] = ShortestDecimal(*number);
  }
  if (const auto top_k = metadata.Uint("general.sampling.top_k")) config["top_k"] = *top_k;
  if (config.contains("temperature") || config.contains("top_p") || config.contains("top_k")) {
    config["do_sample"] = true;
  }
  return config;
}

}  // namespace hlwq::checkpoint
