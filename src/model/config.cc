#include "model/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/architecture.h"

namespace hlwq::model {
namespace {

using checkpoint::ConfigReader;

constexpr uint64_t kMostPositions = uint64_t{1} << 24;
// Attention kernels hold a head on the stack.
constexpr uint64_t kMostHeadDim = 1024;

void CheckActivation(const ConfigReader& text) {
  const std::string activation = text.OptionalString("hidden_act").value_or("silu");
  if (activation != "silu" && activation != "swish") {
    throw Error(ErrorCode::kUnsupported, fmt::format("hidden_act '{}': want silu",
                                                     activation.substr(0, 40)));
  }
}

}  // namespace

ModelConfig ReadModelConfig(const nlohmann::json& json) {
  const ConfigReader top(json, "");
  ModelConfig config;
  config.model_type = top.OptionalString("model_type").value_or("");
  const Architecture* architecture = FindArchitecture(config.model_type);
  const checkpoint::Family* family = checkpoint::FindFamily(config.model_type);
  if (architecture == nullptr || family == nullptr) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("model_type '{}': cannot be run, want one of {}",
                            config.model_type.substr(0, 40), fmt::join(RunnableModelTypes(), ", ")));
  }
  const ConfigReader text = top.Has("text_config") ? top.Child("text_config") : top;
  config.sizes = checkpoint::ReadTextConfig(*family, text);
  CheckActivation(text);
  if (config.sizes.head_dim > kMostHeadDim || config.sizes.head_dim % 2 != 0) {
    text.Fail("head_dim", fmt::format("want an even number up to {}, got {}", kMostHeadDim,
                                      config.sizes.head_dim));
  }
  config.max_positions =
      text.OptionalSize("max_position_embeddings", {1, kMostPositions}).value_or(2048);
  config.norm_epsilon = static_cast<float>(text.OptionalNumber("rms_norm_eps", {0, 1}).value_or(1e-6));
  config.is_tied = top.Flag("tie_word_embeddings", text.Flag("tie_word_embeddings", false));
  config.has_qk_norm = family->has_qk_norm;
  config.rope = checkpoint::ReadRopeConfig(text, {.head_dim = config.sizes.head_dim,
                                      .partial_rotary_factor = 1,
                                      .max_positions = config.max_positions});
  config.windows = architecture->windows(text, config.sizes.layers.size());
  return config;
}

}  // namespace hlwq::model
