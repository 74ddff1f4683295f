#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/catalog.h"
#include "tests/checkpoint/catalog_samples.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Classify, GuessesAgreeWithTheCatalogOnEveryGoldenTensor) {
  for (const fs::path& file : GoldenFiles()) {
    SCOPED_TRACE(file.string());
    const Json golden = ReadJsonFile(file);
    for (const char* tensors : {"saved", "in_memory"}) {
      if (!golden.contains(tensors)) continue;
      const Shapes shapes = ShapesFromJson(golden[tensors]);
      for (const TensorSpec& spec : ClassifyTensors(golden["config"], Found(shapes)).specs) {
        const TensorSpec guess = GuessSpec(spec.name, spec.shape);
        EXPECT_EQ(RoleName(guess.role), RoleName(spec.role)) << spec.name;
        EXPECT_EQ(guess.layer, spec.layer) << spec.name;
        EXPECT_EQ(guess.expert, spec.expert) << spec.name;
      }
    }
  }
}

TEST(Classify, GuessesReadOtherSpellings) {
  const auto role = [](std::string_view name, const Shape& shape) {
    return std::string(RoleName(GuessSpec(name, shape).role));
  };
  EXPECT_EQ(role("bert.encoder.layer.3.attention.self.query.weight", {8, 8}), "attention_q");
  EXPECT_EQ(role("bert.encoder.layer.3.attention.output.dense.weight", {8, 8}), "attention_o");
  EXPECT_EQ(role("bert.encoder.layer.3.output.dense.weight", {8, 8}), "other");
  EXPECT_EQ(role("model.layers.0.self_attn.qkv_proj.weight", {24, 8}), "attention_qkv");
  EXPECT_EQ(role("model.layers.0.mlp.gate_up_proj.weight", {24, 8}), "mlp_gate_up");
  EXPECT_EQ(role("model.layers.0.block_sparse_moe.experts.1.w2.weight", {8, 8}), "expert_down");
  EXPECT_EQ(role("model.layers.1.mlp.shared_experts.up_proj.weight", {8, 8}), "shared_expert_up");
  EXPECT_EQ(role("model.layers.1.mlp.experts.gate_up_proj", {2, 8, 8}), "expert_gate_up");
  EXPECT_EQ(role("model.layers.1.mlp.gate_up_proj", {2, 8, 8}), "other");
  EXPECT_EQ(role("something.q_proj", {8}), "other");
  EXPECT_EQ(role("model.layers.0.self_attn.q_proj.weight_scale", {8, 1}), "other");
  EXPECT_EQ(role("", {}), "other");
  EXPECT_EQ(role("....", {2, 2}), "other");
  EXPECT_EQ(GuessSpec("h.99999999999999999999.wte", {2, 2}).layer, -1);
  EXPECT_EQ(GuessSpec("transformer.h.7.attn.c_attn.weight", {2, 2}).layer, 7);
}

TEST(Classify, LayoutIsReadFromTheKeys) {
  EXPECT_EQ(DetectLayout({"lm_head.weight", "model.layers.0.mlp.gate.weight"}),
            (CatalogLayout{"model", false}));
  EXPECT_EQ(DetectLayout({"mtp.layers.0.mlp.experts.gate_up_proj", "model.visual.blocks.0.x",
                          "model.language_model.layers.0.mlp.experts.0.up_proj.weight"}),
            (CatalogLayout{"model.language_model", false}));
  EXPECT_EQ(DetectLayout({"model.language_model.layers.0.mlp.experts.gate_up_proj"}),
            (CatalogLayout{"model.language_model", true}));
  EXPECT_EQ(DetectLayout({"layers.0.input_layernorm.weight"}), (CatalogLayout{"", false}));
  EXPECT_EQ(DetectLayout({}), (CatalogLayout{"model", false}));
}

TEST(Classify, UnknownModelTypeIsGuessedAndSaysSo) {
  const Json config = {{"model_type", "frobnicator"}};
  EXPECT_FALSE(BuildCatalog(config));
  EXPECT_FALSE(BuildCatalog(Json::object()));
  const std::vector<FoundTensor> found = {{"layers.2.q_proj.weight", {8, 8}},
                                          {"embed_tokens.weight", {8, 8}}};
  const Classified classified = ClassifyTensors(config, found);
  EXPECT_EQ(classified.specs[0].role, Role::kAttentionQ);
  EXPECT_TRUE(classified.specs[1].is_tied);
  EXPECT_THAT(classified.notes, ElementsAre(HasSubstr("'frobnicator'")));
  EXPECT_THAT(ClassifyTensors(nullptr, found).notes, ElementsAre(HasSubstr("no config.json")));
  EXPECT_THAT(ClassifyTensors(Json::object(), found).notes,
              ElementsAre(HasSubstr("no model_type")));
}

TEST(Classify, ContradictingShapeNamesTheTensor) {
  Shapes shapes = RequiredShapes(*BuildCatalog(SmallDense("llama")));
  shapes["model.layers.1.mlp.up_proj.weight"] = {48, 33};
  try {
    ClassifyTensors(SmallDense("llama"), Found(shapes));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
    EXPECT_STREQ(error.what(),
                 "'model.layers.1.mlp.up_proj.weight': want [48, 32] by config.json (llama), "
                 "got [48, 33]");
  }
}

TEST(Classify, MissingExtraAndTiedTensorsAreNoted) {
  const Json config = With(SmallDense("qwen3"), "tie_word_embeddings", true);
  Shapes shapes = RequiredShapes(*BuildCatalog(config));
  EXPECT_FALSE(shapes.contains("lm_head.weight"));
  shapes["lm_head.weight"] = {64, 32};
  shapes["mtp.anything.weight"] = {3, 5};
  shapes["model.layers.0.mlp.surprise"] = {2, 2};
  shapes.erase("model.norm.weight");
  const Classified classified = ClassifyTensors(config, Found(shapes));
  EXPECT_THAT(classified.notes,
              ElementsAre(HasSubstr("the stored one counts"), HasSubstr("surprise"),
                          HasSubstr("absent, the first is 'model.norm.weight'")));
  for (const TensorSpec& spec : classified.specs) {
    EXPECT_EQ(spec.role == Role::kMtp, spec.name.starts_with("mtp."));
    EXPECT_EQ(spec.is_tied, spec.role == Role::kEmbedding || spec.role == Role::kLmHead);
  }
}

TEST(Classify, MtpLayerIsOptionalAndTakenAsFound) {
  const Json config = With(SmallHybrid(), "mtp_num_hidden_layers", 1);
  Shapes shapes = RequiredShapes(*BuildCatalog(config));
  EXPECT_EQ(shapes, RequiredShapes(*BuildCatalog(SmallHybrid())));
  // Experts fused here, one each in the layers: published files mix both.
  shapes["mtp.fc.weight"] = {32, 64};
  shapes["mtp.layers.0.mlp.experts.gate_up_proj"] = {4, 16, 32};
  const Classified classified = ClassifyTensors(config, Found(shapes));
  EXPECT_THAT(classified.notes, IsEmpty());
  for (const TensorSpec& spec : classified.specs) {
    EXPECT_EQ(spec.role == Role::kMtp, spec.name.starts_with("mtp."));
  }
}

}  // namespace
}  // namespace hlwq::checkpoint
