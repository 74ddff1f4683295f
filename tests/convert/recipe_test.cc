#include "convert/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::RoleName;
using checkpoint::TensorSpec;
using ::testing::HasSubstr;

TensorSpec Spec(Role role, Shape shape = {64, 64}, std::string name = "model.layers.0.x.weight") {
  return {.name = std::move(name), .shape = std::move(shape), .role = role};
}

// Bits of a [64, 64] BF16 matrix of each role.
std::map<std::string_view, int> BitsByRole(const Recipe& recipe) {
  std::map<std::string_view, int> bits;
  for (int role = 0; role < checkpoint::kNumRoles; ++role) {
    const int decided = recipe.Decide(Spec(static_cast<Role>(role)), DType::kBF16).bits;
    if (decided > 0) bits[RoleName(static_cast<Role>(role))] = decided;
  }
  return bits;
}

std::string ErrorOf(std::string_view json) {
  try {
    Recipe::Parse(json, {.recipe = "r.json"});
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::kIo);
    return error.what();
  }
  return "no error";
}

Recipe Parse(std::string_view json, RecipeOptions options = {}) {
  options.recipe = "r.json";
  return Recipe::Parse(json, options);
}

TEST(Recipe, PublishedTakesTheProjectionsAndNothingElse) {
  const std::map<std::string_view, int> expected = {
      {"attention_q", 3},        {"attention_k", 3},
      {"attention_v", 3},        {"attention_o", 3},
      {"attention_qkv", 3},      {"linear_attention_qkv", 3},
      {"linear_attention_z", 3}, {"linear_attention_out", 3},
      {"mlp_gate", 3},           {"mlp_up", 3},
      {"mlp_down", 3},           {"mlp_gate_up", 3},
      {"expert_gate", 3},        {"expert_up", 3},
      {"expert_down", 3},        {"shared_expert_gate_proj", 3},
      {"shared_expert_up", 3},   {"shared_expert_down", 3},
      {"expert_gate_up", 3}};
  EXPECT_EQ(BitsByRole(Recipe::Load({.recipe = "published", .bits = 3})), expected);
}

// Of a model with so many layers.
Recipe Balanced(int bits, RecipeModel model = {}) {
  return Recipe::Load({.recipe = "balanced", .bits = bits, .model = model});
}

int BitsAt(const Recipe& recipe, Role role, int layer) {
  TensorSpec spec = Spec(role);
  spec.layer = layer;
  return recipe.Decide(spec, DType::kBF16).bits;
}

TEST(Recipe, BalancedIsTheDefaultAndTakesTiedEmbeddingsToo) {
  EXPECT_EQ(BitsByRole(Recipe::Load({})), BitsByRole(Balanced(5)));
  TensorSpec tied = Spec(Role::kEmbedding);
  tied.is_tied = true;
  EXPECT_EQ(Balanced(4).Decide(tied, DType::kBF16).bits, 4);
  const Recipe asked = Recipe::Load({.bits = 4, .embedding_bits = 6});
  EXPECT_EQ(asked.Decide(tied, DType::kBF16).bits, 6);
  EXPECT_EQ(Balanced(4).Decide(Spec(Role::kRouter), DType::kBF16).bits, 0);
}

TEST(Recipe, BalancedNamesTheRolesOfUniformAndNoneGetsLess) {
  for (const bool has_experts : {false, true}) {
    const auto uniform = BitsByRole(Recipe::Load({.recipe = "uniform", .bits = 3}));
    const auto balanced = BitsByRole(Balanced(3, {.layers = 40, .has_experts = has_experts}));
    ASSERT_EQ(balanced.size(), uniform.size());
    int more = 0;
    for (const auto& [role, bits] : balanced) {
      EXPECT_GE(bits, uniform.at(role)) << role;
      EXPECT_LE(bits, 5) << role;
      more += bits > 3;
    }
    EXPECT_GT(more, 3);
  }
}

TEST(Recipe, BalancedGivesTheFirstAndTheLastLayerMore) {
  const Recipe recipe = Balanced(4, {.layers = 30});
  EXPECT_EQ(BitsAt(recipe, Role::kMlpGate, 1), 4);
  EXPECT_EQ(BitsAt(recipe, Role::kMlpGate, 28), 4);
  EXPECT_EQ(BitsAt(recipe, Role::kMlpGate, 0), 5);
  EXPECT_EQ(BitsAt(recipe, Role::kMlpGate, 29), 5);
  EXPECT_EQ(BitsAt(recipe, Role::kAttentionV, 1), 5);
  EXPECT_EQ(BitsAt(recipe, Role::kAttentionV, 29), 5);
  // down gets more in half of them.
  int more = 0;
  for (int layer = 0; layer < 30; ++layer) more += BitsAt(recipe, Role::kMlpDown, layer) == 5;
  EXPECT_EQ(more, 14);
  EXPECT_EQ(BitsAt(recipe, Role::kMlpDown, 3), 4);
  // Of a model whose layers are not known, none is the last.
  EXPECT_EQ(BitsAt(Balanced(4), Role::kMlpGate, 0), 4);
}

TEST(Recipe, BalancedSparesTheExpertsOfAMixtureAndNothingElse) {
  const Recipe recipe = Balanced(3, {.layers = 40, .has_experts = true});
  const int least = BitsAt(recipe, Role::kExpertGate, 20);
  EXPECT_EQ(least, 3);
  for (const Role role : {Role::kExpertUp, Role::kExpertGateUp, Role::kExpertDown}) {
    EXPECT_EQ(BitsAt(recipe, role, 20), least);
  }
  for (const Role role : {Role::kAttentionQ, Role::kAttentionO, Role::kLinearAttentionZ,
                          Role::kSharedExpertUp, Role::kLinearAttentionOut, Role::kLmHead}) {
    EXPECT_GT(BitsAt(recipe, role, 20), least) << RoleName(role);
  }
  EXPECT_GE(BitsAt(recipe, Role::kLinearAttentionOut, 20), BitsAt(recipe, Role::kAttentionQ, 20));
  EXPECT_GT(BitsAt(recipe, Role::kExpertDown, 0), BitsAt(recipe, Role::kExpertDown, 20));
  EXPECT_GT(BitsAt(recipe, Role::kExpertDown, 39), BitsAt(recipe, Role::kExpertDown, 20));
}

TEST(Recipe, BalancedEndsWhereTheCodecDoes) {
  const Recipe recipe = Balanced(6, {.layers = 30, .most_bits = 6});
  for (const int layer : {0, 15, 29}) {
    EXPECT_EQ(BitsAt(recipe, Role::kAttentionV, layer), 6);
    EXPECT_EQ(BitsAt(recipe, Role::kMlpGate, layer), 6);
  }
  // What was asked for and does not exist is left to be refused.
  EXPECT_EQ(BitsAt(Balanced(8, {.layers = 30, .most_bits = 6}), Role::kMlpGate, 0), 8);
}

TEST(Recipe, UniformAddsEmbeddingAndHeadUnlessTied) {
  std::map<std::string_view, int> expected =
      BitsByRole(Recipe::Load({.recipe = "published", .bits = 4}));
  expected["embedding"] = expected["lm_head"] = 4;
  const Recipe recipe = Recipe::Load({.recipe = "uniform", .bits = 4});
  EXPECT_EQ(BitsByRole(recipe), expected);
  TensorSpec tied = Spec(Role::kEmbedding);
  tied.is_tied = true;
  EXPECT_EQ(recipe.Decide(tied, DType::kBF16).bits, 0);
  EXPECT_EQ(recipe.Decide(tied, DType::kBF16).reason, "tied");
  const Recipe asked = Recipe::Load({.recipe = "uniform", .bits = 4, .embedding_bits = 6});
  EXPECT_EQ(asked.Decide(tied, DType::kBF16).bits, 6);
}

TEST(Recipe, MixedIsThePublishedBitAssignment) {
  const auto bits = BitsByRole(Recipe::Load({.recipe = "mixed", .bits = 8}));
  const std::map<std::string_view, int> expected = {{"attention_q", 5},
                                                    {"attention_k", 5},
                                                    {"attention_v", 5},
                                                    {"attention_o", 6},
                                                    {"attention_qkv", 5},
                                                    {"linear_attention_qkv", 5},
                                                    {"linear_attention_z", 5},
                                                    {"linear_attention_out", 6},
                                                    {"mlp_gate", 3},
                                                    {"mlp_up", 3},
                                                    {"mlp_down", 4},
                                                    {"mlp_gate_up", 3},
                                                    {"expert_gate", 3},
                                                    {"expert_up", 3},
                                                    {"expert_down", 4},
                                                    {"shared_expert_gate_proj", 3},
                                                    {"shared_expert_up", 3},
                                                    {"shared_expert_down", 4},
                                                    {"expert_gate_up", 3},
                                                    {"embedding", 5},
                                                    {"lm_head", 6}};
  EXPECT_EQ(bits, expected);
  TensorSpec tied = Spec(Role::kEmbedding);
  tied.is_tied = true;
  EXPECT_EQ(Recipe::Load({.recipe = "mixed"}).Decide(tied, DType::kBF16).bits, 5);
}

TEST(Recipe, WhatNoCodecTakesIsCarriedEvenWhenAskedFor) {
  const Recipe recipe = Recipe::Load({.recipe = "uniform", .include = {"*"}});
  const auto decide = [&](Role role, Shape shape, DType dtype = DType::kBF16) {
    return recipe.Decide(Spec(role, std::move(shape)), dtype);
  };
  EXPECT_EQ(decide(Role::kNorm, {64}).reason, "fewer than two axes");
  EXPECT_EQ(decide(Role::kOther, {}).reason, "fewer than two axes");
  EXPECT_EQ(decide(Role::kLinearAttentionConv, {64, 1, 4}).reason, "a convolution");
  EXPECT_EQ(decide(Role::kVision, {8, 3, 2, 4, 4}).reason, "more than two axes");
  EXPECT_EQ(decide(Role::kExpertGate, {8, 8, 8}).reason, "more than two axes");
  EXPECT_EQ(decide(Role::kMlpUp, {8, 8, 8}).reason, "more than two axes");
  EXPECT_EQ(decide(Role::kMlpUp, {0, 8}).reason, "empty");
  EXPECT_EQ(decide(Role::kMlpUp, {8, 8}, DType::kI32).reason, "not F16, BF16 or F32");
  EXPECT_EQ(decide(Role::kMlpUp, {8, 8}, DType::kF8E4M3).reason, "not F16, BF16 or F32");
  EXPECT_EQ(decide(Role::kExpertGateUp, {8, 8, 8}).bits, 5);
  EXPECT_EQ(decide(Role::kExpertDown, {8, 8, 8}, DType::kF32).bits, 5);
  EXPECT_EQ(decide(Role::kOther, {8, 8}, DType::kF16).bits, 5);
}

TEST(Recipe, ExcludeBeatsIncludeBeatsRole) {
  const Recipe recipe = Recipe::Load({.recipe = "published",
                                      .bits = 4,
                                      .include = {"*router*", "*.q_proj*"},
                                      .exclude = {"*.layers.1.*"}});
  const auto bits = [&](Role role, std::string name) {
    return recipe.Decide(Spec(role, {8, 8}, std::move(name)), DType::kBF16).bits;
  };
  EXPECT_EQ(bits(Role::kRouter, "m.layers.0.router"), 4);
  EXPECT_EQ(bits(Role::kRouter, "m.layers.1.router"), 0);
  EXPECT_EQ(bits(Role::kRouter, "m.layers.0.gate"), 0);
  EXPECT_EQ(bits(Role::kAttentionQ, "m.layers.0.q_proj"), 4);
  EXPECT_EQ(bits(Role::kAttentionQ, "m.layers.1.q_proj"), 0);
  EXPECT_EQ(bits(Role::kOther, "m.layers.0.what"), 0);
}

TEST(Recipe, FileSetsRolesAndLaterGlobsWin) {
  const Recipe recipe = Parse(R"({
    "description": "experts small, the first layers large",
    "default": 4,
    "roles": {"expert_down": 3, "router": 8, "attention_q": "keep"},
    "tensors": {"z.*": 2, "model.layers.?.*": 6, "model.layers.0.mlp*": "keep", "a.*": 7},
    "embeddings": 6, "lm_head": "keep"})");
  const auto bits = [&](Role role, std::string name) {
    return recipe.Decide(Spec(role, {8, 8}, std::move(name)), DType::kBF16).bits;
  };
  EXPECT_EQ(bits(Role::kExpertDown, "m"), 3);
  EXPECT_EQ(bits(Role::kExpertUp, "m"), 4);
  EXPECT_EQ(bits(Role::kRouter, "m"), 8);
  EXPECT_EQ(bits(Role::kAttentionQ, "m"), 0);
  EXPECT_EQ(bits(Role::kEmbedding, "m"), 6);
  EXPECT_EQ(bits(Role::kLmHead, "m"), 0);
  EXPECT_EQ(bits(Role::kAttentionQ, "model.layers.3.x"), 6);
  EXPECT_EQ(bits(Role::kMlpUp, "model.layers.0.mlp.up"), 0);
  EXPECT_EQ(bits(Role::kMlpUp, "model.layers.10.mlp.up"), 4);
  EXPECT_EQ(bits(Role::kOther, "a.b"), 7);
  EXPECT_EQ(recipe.Decide(Spec(Role::kOther, {8, 8}, "z.b"), DType::kBF16).reason,
            "tensor rule 'z.*'");
  TensorSpec tied = Spec(Role::kEmbedding);
  tied.is_tied = true;
  tied.name = "m";
  EXPECT_EQ(recipe.Decide(tied, DType::kBF16).bits, 6);
}

// The order of keys, not of the alphabet, decides.
TEST(Recipe, OrderOfGlobsIsThatOfTheFile) {
  const TensorSpec spec = Spec(Role::kMlpUp, {8, 8}, "ab");
  EXPECT_EQ(Parse(R"({"tensors": {"a*": 2, "*b": 3}})").Decide(spec, DType::kBF16).bits, 3);
  EXPECT_EQ(Parse(R"({"tensors": {"*b": 3, "a*": 2}})").Decide(spec, DType::kBF16).bits, 2);
}

TEST(Recipe, EmptyFileIsPublishedAtTheGivenBits) {
  EXPECT_EQ(BitsByRole(Parse("{}", {.bits = 2})),
            BitsByRole(Recipe::Load({.recipe = "published", .bits = 2})));
  EXPECT_TRUE(BitsByRole(Parse(R"({"default": "keep"})")).empty());
}

TEST(Recipe, OptionsOverrideTheFile) {
  const Recipe recipe = Parse(R"({"embeddings": 3, "lm_head": 3, "tensors": {"n": "keep"}})",
                              {.include = {"n"}, .embedding_bits = 0, .lm_head_bits = 8});
  EXPECT_EQ(recipe.Decide(Spec(Role::kEmbedding), DType::kBF16).bits, 0);
  EXPECT_EQ(recipe.Decide(Spec(Role::kLmHead), DType::kBF16).bits, 8);
  EXPECT_EQ(recipe.Decide(Spec(Role::kMlpUp, {8, 8}, "n"), DType::kBF16).bits, 5);
}

TEST(Recipe, FileErrorsNameFileAndKey) {
  EXPECT_EQ(ErrorOf(R"({"bits": 5})"),
            "r.json: 'bits': unknown key; want default, roles, tensors, embeddings, lm_head or "
            "description");
  EXPECT_EQ(ErrorOf(R"({"roles": {"expert": 4}})"), "r.json: 'roles.expert': no such role");
  EXPECT_EQ(ErrorOf(R"({"roles": {"norm": 4}})"),
            "r.json: 'roles.norm': this role is always carried over");
  EXPECT_EQ(ErrorOf(R"({"default": 9})"),
            "r.json: 'default': want an integer in 1..8 or \"keep\", got 9");
  EXPECT_THAT(ErrorOf(R"({"roles": {"router": 4.0}})"), HasSubstr("'roles.router': want"));
  EXPECT_THAT(ErrorOf(R"({"roles": {"router": "drop"}})"), HasSubstr("'roles.router': want"));
  EXPECT_THAT(ErrorOf(R"({"roles": {"router": 18446744073709551615}})"), HasSubstr("got 1844"));
  EXPECT_THAT(ErrorOf(R"({"roles": [4]})"), HasSubstr("'roles': want an object, got array"));
  EXPECT_THAT(ErrorOf(R"({"tensors": {"a[": 4}})"), HasSubstr("pattern 'a['"));
  EXPECT_THAT(ErrorOf(R"({"tensors": {"a*": 0}})"), HasSubstr("'tensors.a*': want"));
  EXPECT_THAT(ErrorOf(R"({"description": 1})"), HasSubstr("'description': want a string"));
  EXPECT_THAT(ErrorOf(R"({"lm_head": 4, "roles": {"lm_head": 4}})"), HasSubstr("given twice"));
  EXPECT_THAT(ErrorOf(R"({"tensors": {"a": 4, "a": 5}})"), HasSubstr("occurs twice"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("want an object, got array"));
  EXPECT_THAT(ErrorOf("NaN"), HasSubstr("want an object, got number"));
  EXPECT_THAT(ErrorOf(R"({"default": NaN})"), HasSubstr("'default': want"));
  EXPECT_THAT(ErrorOf("{"), HasSubstr("r.json: JSON"));
}

TEST(Recipe, BadOptionsAreRefused) {
  for (const RecipeOptions& options :
       {RecipeOptions{.bits = 0}, RecipeOptions{.bits = 9}, RecipeOptions{.include = {"["}},
        RecipeOptions{.exclude = {""}}, RecipeOptions{.embedding_bits = 9},
        RecipeOptions{.lm_head_bits = -1}}) {
    try {
      Recipe::Load(options);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    }
  }
  try {
    Recipe::Load({.recipe = "no-such-recipe"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), HasSubstr("want balanced, published, uniform, mixed or a JSON file"));
  }
}

TEST(Recipe, LoadReadsAFile) {
  const test::TempDir folder;
  std::ofstream(folder / "small.json") << R"({"default": 2})";
  const Recipe recipe = Recipe::Load({.recipe = (folder / "small.json").string()});
  EXPECT_EQ(recipe.Decide(Spec(Role::kMlpUp), DType::kBF16).bits, 2);
  EXPECT_EQ(recipe.default_bits(), 2);
}

TEST(Recipe, RecordHoldsEveryRule) {
  const Recipe recipe =
      Parse(R"({"roles": {"router": 8}, "tensors": {"b": 3, "a": "keep"}})", {.exclude = {"x*"}});
  const nlohmann::json record = recipe.ToJson();
  EXPECT_EQ(record["roles"]["router"], 8);
  EXPECT_EQ(record["roles"]["mlp_up"], 5);
  EXPECT_FALSE(record["roles"].contains("lm_head"));
  EXPECT_EQ(record["tensors"].dump(), R"([["b",3],["a",0]])");
  EXPECT_EQ(record["exclude"].dump(), R"(["x*"])");
  for (const char* key : {"ends", "favored"}) {
    EXPECT_FALSE(record.contains(key));
    EXPECT_TRUE(Balanced(5).ToJson().contains(key));
  }
}

}  // namespace
}  // namespace hlwq::convert
