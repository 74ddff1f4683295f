#include "checkpoint/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "io/safetensors.h"
#include "tests/checkpoint/catalog_samples.h"
#include "tests/support/shared_data.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::IsEmpty;

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
  const Json golden = ReadJsonFile(GetParam());
  for (const char* config : {"config", "saved_config"}) {
    SCOPED_TRACE(config);
    ExpectListsExactly(golden[config], ShapesFromJson(golden["saved"]));
    if (golden.contains("in_memory")) {
      ExpectListsExactly(golden[config], ShapesFromJson(golden["in_memory"]));
    }
  }
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
    seen.insert(ReadJsonFile(file)["config"]["model_type"].get<std::string>());
  }
  for (const std::string_view model_type : SupportedModelTypes()) {
    EXPECT_TRUE(seen.contains(std::string(model_type))) << model_type;
  }
}

TEST(Catalog, Qwen36ListsEveryNameAndShapeOfThePublishedModel) {
  const fs::path folder = test::SharedData("configs/qwen3.6-35b-a3b");
  HLWQ_REQUIRE_SHARED(folder);
  const Json truth = ReadJsonFile(folder / "tensors.json");
  const Json config = ReadJsonFile(folder / "config.json");
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
    const Json index = ReadJsonFile(folder / "model.safetensors.index.json");
    std::vector<std::string> names;
    for (const auto& [name, file] : index["weight_map"].items()) names.push_back(name);
    const auto catalog = BuildCatalog(ReadJsonFile(folder / "config.json"), DetectLayout(names));
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
        ExpectListsExactly(ReadJsonFile(config), shapes);
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

TEST(Catalog, TruncatedConfigHasTheFirstLayersOnly) {
  for (const fs::path& file : GoldenFiles()) {
    SCOPED_TRACE(file.string());
    const Json config = ReadJsonFile(file)["config"];
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
