#include "checkpoint/gguf/from_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "checkpoint/catalog/text_config.h"
#include "checkpoint/gguf/rope.h"
#include "checkpoint/rope_config.h"

namespace hlwq::checkpoint {
namespace {

using io::GgufValue;

constexpr uint64_t kMostPositions = uint64_t{1} << 31;

[[noreturn]] void Unsupported(std::string message) {
  throw Error(ErrorCode::kUnsupported, "GGUF: " + std::move(message));
}

const Family& WrittenFamily(const JsonReader& config) {
  const std::string model_type = config.OptionalString("model_type").value_or("");
  const Family* family = FindFamily(model_type);
  if (family != nullptr && !family->gguf.architecture.empty()) return *family;
  std::vector<std::string_view> known;
  for (const Family& other : Families()) {
    if (!other.gguf.architecture.empty()) known.push_back(other.model_type);
  }
  Unsupported(fmt::format("model_type '{}': want one of {}", model_type.substr(0, 40),
                          fmt::join(known, ", ")));
}

class MetadataMaker {
 public:
  MetadataMaker(const nlohmann::json& config, bool has_stored_head)
      : config_(config), family_(WrittenFamily(config_)) {
    sizes_ = ReadTextConfig(family_, config_);
    GgufModel& model = result_.model;
    model.family = FindGgufFamily(family_.gguf.architecture);
    model.hidden = sizes_.hidden;
    model.layers = sizes_.layers.size();
    model.heads = sizes_.heads;
    model.kv_heads = sizes_.kv_heads;
    model.head_dim = sizes_.head_dim;
    model.vocab = sizes_.vocab;
    model.context = config_.OptionalSize("max_position_embeddings", {1, kMostPositions})
                        .value_or(family_.default_positions);
    model.rms_norm_eps = config_.OptionalNumber("rms_norm_eps", {1e-12, 1}).value_or(1e-6);
    model.has_tied_head = !has_stored_head && config_.Flag("tie_word_embeddings", false);
    model.has_attention_bias =
        family_.qkv_bias == QkvBias::kAlwaysExceptO || sizes_.has_attention_bias;
    model.has_mlp_bias = sizes_.has_mlp_bias;
    ReadExperts();
    RefuseWhatLlamaCppLacks();
  }

  GgufModelMetadata Make() && {
    const GgufModel& model = result_.model;
    result_.metadata.Add("general.architecture",
                         GgufValue::String(std::string(model.family->gguf.architecture)));
    AddUint("context_length", model.context);
    AddUint("embedding_length", model.hidden);
    AddUint("block_count", model.layers);
    AddUint("feed_forward_length", model.intermediate);
    AddUint("attention.head_count", model.heads);
    AddUint("attention.head_count_kv", model.kv_heads);
    AddUint("attention.key_length", model.head_dim);
    AddUint("attention.value_length", model.head_dim);
    AddUint("rope.dimension_count", model.head_dim);
    AddUint("vocab_size", model.vocab);
    AddFloat("attention.layer_norm_rms_epsilon", model.rms_norm_eps);
    if (model.experts > 0) {
      AddUint("expert_count", model.experts);
      AddUint("expert_used_count", model.experts_used);
      AddUint("expert_feed_forward_length", model.expert_intermediate);
    }
    AddRope();
    NoteWindows();
    return std::move(result_);
  }

 private:
  void ReadExperts() {
    GgufModel& model = result_.model;
    const SizeRange range{1, kMostPositions};
    if (family_.experts == Experts::kNone) {
      model.intermediate = sizes_.intermediate;
      return;
    }
    if (!std::ranges::all_of(sizes_.layers, &LayerKind::has_experts)) {
      Unsupported(
          fmt::format("{}: llama.cpp wants experts in every layer, but some layers are dense",
                      family_.model_type));
    }
    if (!sizes_.has_top_k_norm) {
      Unsupported(
          fmt::format("{}: llama.cpp normalises the weights of the experts, but norm_topk_prob is "
                      "false",
                      family_.model_type));
    }
    model.experts = sizes_.experts;
    model.experts_used = sizes_.top_k;
    model.expert_intermediate = sizes_.expert_intermediate;
    // Dense layers have this width; there are none, but llama.cpp asks for it.
    model.intermediate =
        config_.OptionalSize("intermediate_size", range).value_or(sizes_.expert_intermediate);
  }

  void RefuseWhatLlamaCppLacks() const {
    const std::string activation = config_.OptionalString("hidden_act").value_or("silu");
    if (activation != "silu" && activation != "swish") {
      Unsupported(fmt::format("hidden_act '{}': want silu", activation.substr(0, 40)));
    }
    if (result_.model.has_attention_bias && family_.has_qk_norm) {
      Unsupported(fmt::format("{}: llama.cpp has no attention biases for it", family_.model_type));
    }
    if (result_.model.head_dim % 2 != 0) {
      Unsupported(fmt::format("heads of {}: want an even number", result_.model.head_dim));
    }
  }

  void AddRope() {
    GgufModel& model = result_.model;
    const RopeConfig rope = ReadRopeConfig(
        config_,
        {.head_dim = model.head_dim, .partial_rotary_factor = 1, .max_positions = model.context});
    model.rope_theta = rope.theta;
    AddFloat("rope.freq_base", rope.theta);
    if (rope.rotated != model.head_dim) {
      Unsupported(fmt::format("heads of {} of which {} are rotated", model.head_dim, rope.rotated));
    }
    switch (rope.scaling) {
      case RopeScaling::kNone:
        return;
      case RopeScaling::kDynamic:
        Unsupported(
            "rope_type 'dynamic': llama.cpp has none, want default, linear, llama3 or yarn");
      case RopeScaling::kLinear:
        AddText("rope.scaling.type", "linear");
        AddFloat("rope.scaling.factor", rope.factor);
        return;
      case RopeScaling::kLlama3:
        result_.rope_factors = Llama3Factors(
            {rope.factor, rope.low_freq_factor, rope.high_freq_factor, rope.original_positions},
            model.head_dim / 2, model.rope_theta);
        return;
      case RopeScaling::kYarn:
        AddYarn(rope);
        return;
    }
  }

  void AddYarn(const RopeConfig& rope) {
    const double plain = rope.factor <= 1 ? 1 : 0.1 * std::log(rope.factor) + 1;
    if (std::abs(rope.magnitude - plain) > 1e-6 || !rope.truncate) {
      Unsupported(
          "rope_type 'yarn' with another attention factor, or without rounding of its ramp");
    }
    AddText("rope.scaling.type", "yarn");
    AddFloat("rope.scaling.factor", rope.factor);
    AddUint("rope.scaling.original_context_length",
            static_cast<uint64_t>(std::llround(rope.original_positions)));
    const RopeConfig plain_rope;
    if (rope.beta_fast != plain_rope.beta_fast) {
      AddFloat("rope.scaling.yarn_beta_fast", rope.beta_fast);
    }
    if (rope.beta_slow != plain_rope.beta_slow) {
      AddFloat("rope.scaling.yarn_beta_slow", rope.beta_slow);
    }
  }

  // Windows matter only to texts that are longer.
  void NoteWindows() {
    if (sizes_.window == 0 || sizes_.window >= result_.model.context) return;
    result_.notes.push_back(
        fmt::format("llama.cpp knows no attention window for {}: results are equal up to {} tokens",
                    family_.gguf.architecture, sizes_.window));
  }

  void AddUint(std::string_view suffix, uint64_t value) {
    if (value > std::numeric_limits<uint32_t>::max()) {
      Unsupported(fmt::format("{} of {}: want 32 bits", suffix, value));
    }
    Add(suffix, GgufValue::Uint32(static_cast<uint32_t>(value)));
  }
  void AddFloat(std::string_view suffix, double value) {
    Add(suffix, GgufValue::Float32(static_cast<float>(value)));
  }
  void AddText(std::string_view suffix, std::string value) {
    Add(suffix, GgufValue::String(std::move(value)));
  }
  void Add(std::string_view suffix, GgufValue value) {
    result_.metadata.Add(GgufKey(result_.model, suffix), std::move(value));
  }

  JsonReader config_;
  const Family& family_;
  TextConfig sizes_;
  GgufModelMetadata result_;
};

}  // namespace

GgufModelMetadata MakeModelMetadata(const nlohmann::json& config, bool has_stored_head) {
  return MetadataMaker(config, has_stored_head).Make();
}

}  // namespace hlwq::checkpoint
