#include "checkpoint/catalog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "tests/support/shared_data.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Shapes = std::map<std::string, Shape>;

Shapes RequiredShapes(const Catalog& catalog) {
  Shapes shapes;
  for (const TensorSpec& spec : catalog.tensors) {
    if (spec.required) shapes[spec.name] = spec.shape;
  }
  return shapes;
}

std::vector<std::string> Names(const Shapes& shapes) {
  std::vector<std::string> names;
  for (const auto& [name, shape] : shapes) names.push_back(name);
  return names;
}

std::vector<FoundTensor> Found(const Shapes& shapes) {
  std::vector<FoundTensor> found;
  for (const auto& [name, shape] : shapes) found.push_back({name, shape});
  return found;
}

Shapes ShapesFromJson(const Json& tensors) {
  Shapes shapes;
  for (const auto& [name, shape] : tensors.items()) shapes[name] = shape.get<Shape>();
  return shapes;
}

// The catalog for the layout of `shapes` lists exactly `shapes`, each with a role.
void ExpectListsExactly(const Json& config, const Shapes& shapes) {
  const auto catalog = BuildCatalog(config, DetectLayout(Names(shapes)));
  ASSERT_TRUE(catalog);
  EXPECT_EQ(RequiredShapes(*catalog), shapes);
  std::set<std::string> names;
  for (const TensorSpec& spec : catalog->tensors) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name << " twice";
    EXPECT_NE(spec.role, Role::kOther) << spec.name;
  }
  const Classified classified = ClassifyTensors(config, Found(shapes));
  EXPECT_THAT(classified.notes, IsEmpty());
  ASSERT_EQ(classified.specs.size(), shapes.size());
}

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

Json SmallHybrid() {
  return {{"model_type", "qwen3_5_moe_text"}, {"vocab_size", 64}, {"hidden_size", 32},
          {"num_hidden_layers", 8}, {"num_attention_heads", 4}, {"num_key_value_heads", 2},
          {"head_dim", 16}, {"num_experts", 4}, {"moe_intermediate_size", 8},
          {"shared_expert_intermediate_size", 8}, {"linear_num_key_heads", 2},
          {"linear_num_value_heads", 4}, {"linear_key_head_dim", 8}, {"linear_value_head_dim", 8},
          {"linear_conv_kernel_dim", 4}, {"tie_word_embeddings", false}};
}

Json SmallDense(std::string_view model_type) {
  return {{"model_type", model_type}, {"vocab_size", 64}, {"hidden_size", 32},
          {"intermediate_size", 48}, {"num_hidden_layers", 2}, {"num_attention_heads", 4}};
}

Json Without(Json config, std::string_view key) {
  config.erase(std::string(key));
  return config;
}

Json With(Json config, std::string_view key, Json value) {
  config[std::string(key)] = std::move(value);
  return config;
}

TEST(Catalog, EveryRoleHasAUniqueName) {
  std::set<std::string_view> names;
  for (int index = 0; index < kNumRoles; ++index) {
    const Role role = static_cast<Role>(index);
    EXPECT_TRUE(names.insert(RoleName(role)).second) << RoleName(role);
    EXPECT_EQ(RoleFromName(RoleName(role)), role);
  }
  EXPECT_FALSE(RoleFromName("attention"));
}

class TransformersGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(TransformersGolden, NamesAndShapesAreThoseOfTransformers) {
  const Json golden = io::ReadJsonFile(GetParam());
  for (const char* config : {"config", "saved_config"}) {
    SCOPED_TRACE(config);
    ExpectListsExactly(golden[config], ShapesFromJson(golden["saved"]));
    if (golden.contains("in_memory")) {
      ExpectListsExactly(golden[config], ShapesFromJson(golden["in_memory"]));
    }
  }
}

std::vector<fs::path> GoldenFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(test::Golden("good/catalog"))) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string TestNameOf(const ::testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Catalog, TransformersGolden, ::testing::ValuesIn(GoldenFiles()),
                         TestNameOf);

TEST(Catalog, EverySupportedModelTypeHasAGolden) {
  std::set<std::string> seen;
  for (const fs::path& file : GoldenFiles()) {
    seen.insert(io::ReadJsonFile(file)["config"]["model_type"].get<std::string>());
  }
  for (const std::string_view model_type : SupportedModelTypes()) {
    EXPECT_TRUE(seen.contains(std::string(model_type))) << model_type;
  }
}

TEST(Catalog, Qwen36ListsEveryNameAndShapeOfThePublishedModel) {
  const fs::path folder = test::SharedData("configs/qwen3.6-35b-a3b");
  HLWQ_REQUIRE_SHARED(folder);
  const Json truth = io::ReadJsonFile(folder / "tensors.json");
  const Json config = io::ReadJsonFile(folder / "config.json");
  const Shapes shapes = ShapesFromJson(truth["tensors"]);
  ExpectListsExactly(config, shapes);

  const auto published = BuildCatalog(config);
  EXPECT_EQ(RequiredShapes(*published), shapes);
  uint64_t parameters = 0;
  size_t mtp_tensors = 0;
  for (const TensorSpec& spec : published->tensors) {
    if (spec.required) parameters += *ElementCount(spec.shape);
    mtp_tensors += spec.role == Role::kMtp;
  }
  EXPECT_EQ(parameters, truth["parameters"].get<uint64_t>());
  EXPECT_EQ(parameters, 35'107'181'936u);
  EXPECT_EQ(mtp_tensors, 19u);
}

TEST(Catalog, RealIndexFilesHoldExactlyTheListedNames) {
  for (const char* model : {"qwen3.5-25b-a3b-reap", "qwen3-1.7b"}) {
    SCOPED_TRACE(model);
    const fs::path folder = test::SharedData("configs") / model;
    HLWQ_REQUIRE_SHARED(folder);
    const Json index = io::ReadJsonFile(folder / "model.safetensors.index.json");
    std::vector<std::string> names;
    for (const auto& [name, file] : index["weight_map"].items()) names.push_back(name);
    const auto catalog =
        BuildCatalog(io::ReadJsonFile(folder / "config.json"), DetectLayout(names));
    ASSERT_TRUE(catalog);
    std::set<std::string> left(names.begin(), names.end());
    uint64_t parameters = 0;
    for (const TensorSpec& spec : catalog->tensors) {
      const bool is_found = left.erase(spec.name) == 1;
      EXPECT_TRUE(is_found || !spec.required) << spec.name;
      if (is_found) parameters += *ElementCount(spec.shape);
    }
    EXPECT_THAT(left, IsEmpty());
    // Two bytes a parameter in both files.
    EXPECT_EQ(2 * parameters, index["metadata"]["total_size"].get<uint64_t>());
  }
}

TEST(Catalog, HeadersOfRealCheckpointsAreListedExactly) {
  size_t num_checked = 0;
  for (const char* root : {"golden", "models"}) {
    HLWQ_REQUIRE_SHARED(test::SharedData(root));
    for (const auto& folder : fs::directory_iterator(test::SharedData(root))) {
      // The published-* folders hold codes, not tensors.
      if (folder.path().filename().string().starts_with("published")) continue;
      Shapes shapes;
      for (const auto& file : fs::directory_iterator(folder)) {
        if (file.path().extension() != ".safetensors") continue;
        const auto opened = io::SafetensorsFile::Open(file.path());
        for (const auto& entry : opened.header().entries) shapes[entry.name] = entry.shape;
      }
      if (shapes.empty()) continue;
      for (const char* name : {"config.json", "config.v4.json"}) {
        const fs::path config = folder.path() / name;
        if (!fs::exists(config)) continue;
        SCOPED_TRACE(config.string());
        ExpectListsExactly(io::ReadJsonFile(config), shapes);
        ++num_checked;
      }
    }
  }
  EXPECT_GE(num_checked, 18u);
}

TEST(Catalog, RolesAndPlacesFollowTheName) {
  const auto catalog = BuildCatalog(SmallHybrid());
  ASSERT_TRUE(catalog);
  std::map<std::string, TensorSpec> specs;
  for (const TensorSpec& spec : catalog->tensors) specs[spec.name] = spec;
  const TensorSpec& expert = specs.at("model.layers.5.mlp.experts.3.up_proj.weight");
  EXPECT_EQ(expert.role, Role::kExpertUp);
  EXPECT_EQ(expert.layer, 5);
  EXPECT_EQ(expert.expert, 3);
  const TensorSpec& router = specs.at("model.layers.0.mlp.gate.weight");
  EXPECT_EQ(router.role, Role::kRouter);
  EXPECT_EQ(router.expert, -1);
  EXPECT_EQ(specs.at("model.layers.3.self_attn.q_norm.weight").role, Role::kNorm);
  EXPECT_EQ(specs.at("model.layers.0.linear_attn.A_log").role, Role::kLinearAttentionGate);
  EXPECT_EQ(specs.at("model.embed_tokens.weight").layer, -1);
  EXPECT_TRUE(specs.at("lm_head.weight").required);
  // Every fourth layer is full attention when layer_types is absent.
  EXPECT_TRUE(specs.contains("model.layers.3.self_attn.q_proj.weight"));
  EXPECT_FALSE(specs.contains("model.layers.2.self_attn.q_proj.weight"));
}

TEST(Catalog, GuessesAgreeWithTheCatalogOnEveryGoldenTensor) {
  for (const fs::path& file : GoldenFiles()) {
    SCOPED_TRACE(file.string());
    const Json golden = io::ReadJsonFile(file);
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

TEST(Catalog, GuessesReadOtherSpellings) {
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

TEST(Catalog, LayoutIsReadFromTheKeys) {
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

TEST(Catalog, UnknownModelTypeIsGuessedAndSaysSo) {
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

TEST(Catalog, ContradictingShapeNamesTheTensor) {
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

TEST(Catalog, MissingExtraAndTiedTensorsAreNoted) {
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

TEST(Catalog, MtpLayerIsOptionalAndTakenAsFound) {
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

TEST(Catalog, HostileValuesNameTheKey) {
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

TEST(Catalog, HostileListsNameTheKey) {
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

TEST(Catalog, SizesThatDoNotFitTogetherAreRefused) {
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

TEST(Catalog, TruncatedConfigHasTheFirstLayersOnly) {
  for (const fs::path& file : GoldenFiles()) {
    SCOPED_TRACE(file.string());
    const Json config = io::ReadJsonFile(file)["config"];
    const Catalog whole = *BuildCatalog(config);
    for (int layers = 1; layers <= whole.num_layers; ++layers) {
      const Catalog cut = *BuildCatalog(TruncateLayers(config, layers));
      EXPECT_EQ(cut.num_layers, layers);
      std::vector<TensorSpec> expected;
      for (const TensorSpec& spec : whole.tensors) {
        if (spec.layer < layers) expected.push_back(spec);
      }
      EXPECT_EQ(cut.tensors, expected);
    }
    EXPECT_THROW(TruncateLayers(config, whole.num_layers + 1), Error);
    EXPECT_THROW(TruncateLayers(config, 0), Error);
  }
}

}  // namespace
}  // namespace hlwq::checkpoint
