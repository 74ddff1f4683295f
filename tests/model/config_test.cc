#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "tests/support/shared_data.h"

namespace hlwq::model {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
      "qwen3_next", {{"linear_conv_kernel_dim", kMostTaps + 1}}, ErrorCode::kInvalidData,
      AllOf(HasSubstr("'linear_conv_kernel_dim'"), HasSubstr("at most 16"), HasSubstr("got 17")));
  ExpectRefused("qwen3_next", {{"linear_conv_kernel_dim", 0}}, ErrorCode::kInvalidData,
                HasSubstr("'linear_conv_kernel_dim'"));
  json most = ConfigOf("qwen3_next");
  most["linear_conv_kernel_dim"] = kMostTaps;
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

}  // namespace
}  // namespace hlwq::model
