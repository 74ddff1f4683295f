#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/catalog.h"
#include "kernels/causal_conv.h"
#include "tests/support/shared_data.h"

namespace hlwq::model {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

json ConfigOf(const std::string& model) {
  return ReadJsonFile(test::Golden("good/models/" + model) / "config.json");
}

struct Failure {
  ErrorCode code;
  std::string message;
};

std::optional<Failure> FailureOf(const json& config) {
  try {
    ReadModelConfig(config);
    return std::nullopt;
  } catch (const Error& error) {
    return Failure{error.code(), error.what()};
  }
}

// The config of a model with `change` merged into it is refused in these words.
template <typename Matcher>
void ExpectRefused(const std::string& model, const json& change, ErrorCode code, Matcher words) {
  json config = ConfigOf(model);
  ASSERT_EQ(FailureOf(config), std::nullopt) << model;
  config.merge_patch(change);
  const auto failure = FailureOf(config);
  ASSERT_TRUE(failure) << change;
  EXPECT_EQ(failure->code, code) << failure->message;
  EXPECT_THAT(failure->message, words);
}

void PrintTo(const Failure& failure, std::ostream* out) { *out << failure.message; }

TEST(ModelConfig, WantsNoMoreExpertsPerTokenThanThereAre) {
  ExpectRefused(
      "qwen3-moe", {{"num_experts_per_tok", 6}}, ErrorCode::kInvalidData,
      AllOf(HasSubstr("'num_experts_per_tok'"), HasSubstr("5 experts"), HasSubstr("got 6")));
  ExpectRefused("qwen3_5_moe", {{"text_config", {{"num_experts_per_tok", 7}}}},
                ErrorCode::kInvalidData, HasSubstr("'text_config.num_experts_per_tok'"));
  ExpectRefused("qwen3-moe", {{"num_experts_per_tok", 0}}, ErrorCode::kInvalidData,
                HasSubstr("'num_experts_per_tok'"));
  json all = ConfigOf("qwen3-moe");
  all["num_experts_per_tok"] = 5;
  EXPECT_EQ(ReadModelConfig(all).sizes.top_k, 5u);
}

TEST(ModelConfig, WantsSomeExpertsWhereEveryLayerHasThem) {
  ExpectRefused("qwen3_5_moe", {{"text_config", {{"num_experts", 0}}}}, ErrorCode::kInvalidData,
                HasSubstr("'text_config.num_experts'"));
}

TEST(ModelConfig, BoundsTheTapsOfTheConvolution) {
  ExpectRefused(
      "qwen3_next", {{"linear_conv_kernel_dim", kernels::kMostTaps + 1}}, ErrorCode::kInvalidData,
      AllOf(HasSubstr("'linear_conv_kernel_dim'"), HasSubstr("at most 16"), HasSubstr("got 17")));
  ExpectRefused("qwen3_next", {{"linear_conv_kernel_dim", 0}}, ErrorCode::kInvalidData,
                HasSubstr("'linear_conv_kernel_dim'"));
  json most = ConfigOf("qwen3_next");
  most["linear_conv_kernel_dim"] = kernels::kMostTaps;
  EXPECT_EQ(FailureOf(most), std::nullopt);
}

TEST(ModelConfig, BoundsTheHeadsOfDeltaNets) {
  for (const char* key : {"linear_key_head_dim", "linear_value_head_dim"}) {
    ExpectRefused("qwen3_5", {{key, 257}}, ErrorCode::kInvalidData,
                  AllOf(HasSubstr(key), HasSubstr("at most 256"), HasSubstr("got 257")));
    json most = ConfigOf("qwen3_5");
    most[key] = 256;
    EXPECT_EQ(FailureOf(most), std::nullopt);
  }
  ExpectRefused("qwen3_next", {{"linear_num_value_heads", 5}}, ErrorCode::kInvalidData,
                AllOf(HasSubstr("'linear_num_value_heads'"), HasSubstr("2 key heads")));
}

TEST(ModelConfig, BoundsTheHeadsOfAttention) {
  for (const int head_dim : {1026, 11, 0}) {
    ExpectRefused("qwen3-moe", {{"head_dim", head_dim}}, ErrorCode::kInvalidData,
                  HasSubstr("'head_dim'"));
  }
}

TEST(ModelConfig, WantsAKindForEveryLayer) {
  ExpectRefused("qwen3_next", {{"layer_types", {"full_attention"}}}, ErrorCode::kInvalidData,
                AllOf(HasSubstr("'layer_types'"), HasSubstr("4 layers")));
  ExpectRefused("qwen3_next",
                {{"layer_types", {"full_attention", "mamba", "full_attention", "full_attention"}}},
                ErrorCode::kInvalidData, AllOf(HasSubstr("layer 1"), HasSubstr("'mamba'")));
}

TEST(ModelConfig, KindsOfLayersFollowFromTheIntervalWhereNoneAreListed) {
  const auto full = [](const json& config) {
    std::string kinds;
    for (const auto& layer : ReadModelConfig(config).sizes.layers) {
      kinds += layer.has_attention() ? 'f' : 'l';
    }
    return kinds;
  };
  json config = ConfigOf("qwen3_5_moe");
  ASSERT_FALSE(config["text_config"].contains("layer_types"));
  EXPECT_EQ(full(config), "llf");
  config["text_config"]["full_attention_interval"] = 2;
  EXPECT_EQ(full(config), "lfl");
  config["text_config"].erase("full_attention_interval");
  EXPECT_EQ(full(config), "lll");
  EXPECT_EQ(full(ConfigOf("qwen3_next")), "lfll");
}

TEST(ModelConfig, LayersHaveExpertsByStepAndList) {
  const auto kinds = [](const json& config) {
    std::string layers;
    for (const auto& layer : ReadModelConfig(config).sizes.layers) {
      layers += layer.has_experts() ? 'e' : 'd';
    }
    return layers;
  };
  EXPECT_EQ(kinds(ConfigOf("qwen3-moe")), "ede");
  EXPECT_EQ(kinds(ConfigOf("qwen3-moe-normed")), "de");
  EXPECT_EQ(kinds(ConfigOf("qwen3_5_moe")), "eee");
  EXPECT_EQ(kinds(ConfigOf("qwen3_5")), "dddd");
}

TEST(ModelConfig, KnowsThePlaceholdersOfAMultimodalModel) {
  const ModelConfig config = ReadModelConfig(ConfigOf("qwen3_5_moe"));
  ASSERT_EQ(config.placeholders.size(), 2u);
  EXPECT_EQ(config.placeholders[0].id, 54);
  EXPECT_EQ(config.placeholders[0].what, "an image");
  EXPECT_EQ(config.placeholders[1].id, 55);
  EXPECT_EQ(config.placeholders[1].what, "a video");
  EXPECT_TRUE(ReadModelConfig(ConfigOf("qwen3_5")).placeholders.empty());
}

// One of each family.
constexpr std::array kModels = {"llama-linear", "mistral-window", "qwen2-windows", "qwen3-odd",
                                "qwen3-moe",    "qwen3_next",     "qwen3_5",       "qwen3_5_moe"};

// The object with the settings of the text part.
json& TextOf(json& config) {
  return config.contains("text_config") ? config["text_config"] : config;
}

// A model whose text part has this setting is refused by its name, and has a catalog all the same.
void ExpectCannotRun(const std::string& model, const std::string& key, const json& value) {
  json config = ConfigOf(model);
  ASSERT_EQ(FailureOf(config), std::nullopt) << model;
  TextOf(config)[key] = value;
  const auto failure = FailureOf(config);
  ASSERT_TRUE(failure) << model << ": " << key << " " << value;
  EXPECT_EQ(failure->code, ErrorCode::kUnsupported) << failure->message;
  EXPECT_THAT(failure->message, AllOf(HasSubstr(key), Not(HasSubstr("\n"))));
  EXPECT_TRUE(checkpoint::BuildCatalog(config)) << model << ": " << key;
}

json Layers(const std::string& model, const char* kind) {
  json config = ConfigOf(model);
  return std::vector<std::string>(TextOf(config)["num_hidden_layers"], kind);
}

TEST(ModelConfig, RefusesKindsOfLayersThatTheFamilyDoesNotCompute) {
  for (const char* model :
       {"llama-linear", "qwen3-odd", "qwen3-moe", "qwen3_next", "qwen3_5", "qwen3_5_moe"}) {
    ExpectCannotRun(model, "layer_types", Layers(model, "sliding_attention"));
  }
  ExpectCannotRun("mistral-window", "layer_types", {"sliding_attention", "full_attention"});
  ExpectRefused("llama-linear", {{"layer_types", Layers("llama-linear", "sliding_attention")}},
                ErrorCode::kUnsupported,
                AllOf(HasSubstr("'layer_types': layer 0: llama computes full_attention"),
                      HasSubstr("got 'sliding_attention'")));
  ExpectRefused("qwen2-windows", {{"use_sliding_window", false}}, ErrorCode::kUnsupported,
                HasSubstr("'layer_types': layer 1: qwen2 computes full_attention"));
}

TEST(ModelConfig, TakesKindsOfLayersThatTheFamilyComputesAnyway) {
  for (const auto& [model, kind] :
       {std::pair("llama-linear", "full_attention"),
        std::pair("mistral-window", "sliding_attention"), std::pair("qwen3-odd", "full_attention"),
        std::pair("qwen3-moe", "full_attention"), std::pair("qwen3_5", "full_attention")}) {
    json config = ConfigOf(model);
    config["layer_types"] = Layers(model, kind);
    EXPECT_EQ(FailureOf(config), std::nullopt) << model;
  }
}

TEST(ModelConfig, WindowsAreThoseOfTransformers) {
  const auto windows = [](const std::string& model, const json& changes) {
    json config = ConfigOf(model);
    for (const auto& [key, value] : changes.items()) {
      if (value == "absent") {
        config.erase(key);
      } else {
        config[key] = value;
      }
    }
    const checkpoint::TextConfig sizes = ReadModelConfig(config).sizes;
    std::vector<size_t> result;
    for (size_t layer = 0; layer < sizes.layers.size(); ++layer) {
      result.push_back(sizes.WindowOf(layer));
    }
    return result;
  };
  EXPECT_THAT(windows("mistral-window", json::object()), ElementsAre(7, 7));
  EXPECT_THAT(windows("mistral-window", {{"sliding_window", nullptr}}), ElementsAre(0, 0));
  EXPECT_THAT(windows("mistral-window", {{"sliding_window", "absent"}}), ElementsAre(4096, 4096));
  EXPECT_THAT(windows("qwen2-windows", json::object()), ElementsAre(0, 9));
  EXPECT_THAT(windows("qwen2-windows", {{"layer_types", "absent"}}), ElementsAre(0, 9));
  EXPECT_THAT(windows("qwen2-windows", {{"layer_types", "absent"}, {"max_window_layers", 0}}),
              ElementsAre(9, 9));
  EXPECT_THAT(
      windows("qwen2-windows", {{"layer_types", "absent"}, {"max_window_layers", "absent"}}),
      ElementsAre(0, 0));
  EXPECT_THAT(windows("qwen2-windows", {{"sliding_window", "absent"}}), ElementsAre(0, 4096));
  EXPECT_THAT(
      windows("qwen2-windows", {{"layer_types", "absent"}, {"use_sliding_window", "absent"}}),
      ElementsAre(0, 0));
  // No first layers without a window in this family.
  EXPECT_THAT(
      windows("qwen3-moe",
              {{"use_sliding_window", true}, {"sliding_window", 5}, {"max_window_layers", 2}}),
      ElementsAre(5, 5, 5));
}

TEST(ModelConfig, RefusesSettingsThatChangeWhatEveryFamilyComputes) {
  for (const std::string model : kModels) {
    ExpectCannotRun(model, "hidden_act", "gelu");
    ExpectCannotRun(model, "is_causal", false);
    ExpectCannotRun(model, "per_layer_config", {{"0", {{"intermediate_size", 8}}}});
    ExpectCannotRun(model, "rope_parameters", {{"full_attention", {{"rope_theta", 10000}}}});
  }
}

TEST(ModelConfig, RefusesSettingsThatAFamilyHeedsInTransformersAndNotHere) {
  ExpectCannotRun("llama-linear", "sliding_window", 64);
  ExpectCannotRun("llama-linear", "attention_chunk_size", 64);
  for (const char* model : {"qwen3_next", "qwen3_5", "qwen3_5_moe"}) {
    ExpectCannotRun(model, "attn_output_gate", false);
  }
}

TEST(ModelConfig, RotatesWholeHeadsInFamiliesWithoutAFactor) {
  for (const char* model :
       {"llama-linear", "mistral-window", "qwen2-windows", "qwen3-odd", "qwen3-moe"}) {
    ExpectCannotRun(model, "partial_rotary_factor", 0.34);
  }
}

TEST(ModelConfig, IgnoresSettingsThatTransformersIgnores) {
  for (const std::string model : kModels) {
    json config = ConfigOf(model);
    json& text = TextOf(config);
    text.update({{"attention_dropout", 0.1},
                 {"pretraining_tp", 2},
                 {"logits_scaling", 8.0},
                 {"final_logit_softcapping", 30.0},
                 {"residual_multiplier", 0.2},
                 {"is_causal", true},
                 {"per_layer_config", nullptr}});
    EXPECT_EQ(FailureOf(config), std::nullopt) << model;
  }
  json llama = ConfigOf("llama-linear");
  llama.update({{"use_sliding_window", true}, {"sliding_window", nullptr}});
  EXPECT_EQ(FailureOf(llama), std::nullopt);
  json next = ConfigOf("qwen3_next");
  next.update({{"sliding_window", 64}, {"attn_output_gate", true}});
  EXPECT_EQ(FailureOf(next), std::nullopt);
}

}  // namespace
}  // namespace hlwq::model
