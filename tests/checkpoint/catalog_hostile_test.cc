#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/catalog.h"
#include "tests/checkpoint/catalog_samples.h"

namespace hlwq::checkpoint {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

std::string ErrorOf(const Json& config) {
  try {
    BuildCatalog(config);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    EXPECT_LT(std::string(error.what()).size(), 300u);
    return error.what();
  }
  return "no error";
}

TEST(HostileConfig, HostileValuesNameTheKey) {
  const Json good = SmallHybrid();
  for (const Json& bad : {Json(-3), Json(0), Json(1.5), Json(2048.0), Json("2048"), Json(true),
                          Json::array(), Json::object(), Json(1'000'000'000'000), Json(1e300),
                          Json(std::numeric_limits<uint64_t>::max())}) {
    for (const auto& [key, value] : good.items()) {
      if (!value.is_number()) continue;
      EXPECT_THAT(ErrorOf(With(good, key, bad)), HasSubstr(fmt::format("'{}': want", key)))
          << bad.dump();
    }
  }
  for (const auto& [key, value] : good.items()) {
    if (!value.is_number() || key == "head_dim" || key == "num_key_value_heads") continue;
    EXPECT_THAT(ErrorOf(Without(good, key)), HasSubstr(fmt::format("'{}': want", key)));
  }
  EXPECT_THAT(ErrorOf(With(good, "tie_word_embeddings", 1)),
              HasSubstr("'tie_word_embeddings': want true or false, got 1"));
  EXPECT_THAT(ErrorOf(With(good, "model_type", 7)), HasSubstr("'model_type': want a string"));
  EXPECT_THAT(ErrorOf(Json::array()), HasSubstr("want an object"));
  EXPECT_THAT(ErrorOf(With(SmallDense("llama"), "intermediate_size", -1)),
              HasSubstr("'intermediate_size'"));
  EXPECT_THAT(ErrorOf({{"model_type", "qwen3_5_moe"}, {"text_config", 3}}),
              HasSubstr("'text_config': want an object, got 3"));
  EXPECT_THAT(ErrorOf({{"model_type", "qwen3_5_moe"}, {"text_config", Json::object()}}),
              HasSubstr("'text_config.vocab_size'"));
}

TEST(HostileConfig, HostileListsNameTheKey) {
  const Json good = SmallHybrid();
  EXPECT_THAT(ErrorOf(With(good, "layer_types", Json::array({"full_attention"}))),
              HasSubstr("'layer_types': want one for each of the 8 layers, got 1"));
  EXPECT_THAT(ErrorOf(With(good, "layer_types", std::vector<std::string>(8, "mamba"))),
              HasSubstr("layer 0"));
  EXPECT_THAT(ErrorOf(With(good, "layer_types", std::vector<int>(8, 1))),
              HasSubstr("'layer_types': want strings"));
  EXPECT_THAT(ErrorOf(With(good, "layer_types", "full_attention")), HasSubstr("want a list"));
  EXPECT_THAT(ErrorOf(With(good, "layer_types", std::vector<std::string>(100000, "x"))),
              HasSubstr("got a list of 100000"));
  EXPECT_THAT(ErrorOf(With(SmallDense("llama"), "layer_types",
                           std::vector<std::string>(2, "linear_attention"))),
              HasSubstr("layer 0"));
}

TEST(HostileConfig, SizesThatDoNotFitTogetherAreRefused) {
  const Json good = SmallHybrid();
  EXPECT_THAT(ErrorOf(With(good, "num_key_value_heads", 3)), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(ErrorOf(With(good, "linear_num_value_heads", 3)),
              HasSubstr("linear_num_value_heads"));
  EXPECT_THAT(ErrorOf(With(SmallDense("llama"), "num_attention_heads", 5)), HasSubstr("head_dim"));
  // Each is in range, the products are not.
  EXPECT_THAT(ErrorOf(With(With(good, "num_experts", 65536), "num_hidden_layers", 4096)),
              HasSubstr("'num_experts': want at most"));
  EXPECT_THAT(ErrorOf(With(With(good, "hidden_size", 1 << 30), "moe_intermediate_size", 1 << 30)),
              HasSubstr("parameters in all"));
  EXPECT_THAT(ErrorOf(With(With(good, "head_dim", 1 << 30), "num_attention_heads", 1 << 30)),
              HasSubstr("parameters in all"));
}

}  // namespace
}  // namespace hlwq::checkpoint
