#include "convert/compressed_tensors/export.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "checkpoint/catalog.h"
#include "checkpoint/open_synthetic.h"
#include "checkpoint/row_reader.h"
#include "checkpoint/verify.h"
#include "checkpoint/views/block_rotation.h"
#include "codec/backend.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using checkpoint::Role;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

std::vector<float> ReadAll(const Checkpoint& checkpoint, std::string_view name) {
  const checkpoint::TensorEntry* entry = checkpoint.Find(name);
  if (entry == nullptr) throw std::runtime_error("no tensor " + std::string(name));
  const checkpoint::RowReader reader(checkpoint, *entry, codec::ReferenceBackend());
  std::vector<float> values(entry->elements());
  reader.ReadRows({0, reader.matrix().out}, values);
  return values;
}

double SquaredError(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

ConversionResult Export(Checkpoint source, const fs::path& destination,
                        const CompressedTensorsOptions& options = {}) {
  return ExportCompressedTensors(std::move(source), destination, options,
                                 codec::ReferenceBackend());
}

Json ConfigOf(const fs::path& folder) { return ReadJsonFile(folder / "config.json"); }

class SmallExport : public ::testing::Test {
 protected:
  void SetUp() override { test::WriteSmallLlama(dir_ / "src"); }
  Checkpoint Source() const { return checkpoint::OpenCheckpoint(dir_ / "src"); }
  fs::path out() const { return dir_ / "out"; }

  test::TempDir dir_;
};

TEST_F(SmallExport, OpensAgainWithEveryTensorNearItself) {
  Export(Source(), out());
  const Checkpoint source = Source(), exported = checkpoint::OpenCheckpoint(out());
  EXPECT_EQ(exported.format, checkpoint::Format::kCompressedTensors);
  ASSERT_EQ(exported.tensors.size(), source.tensors.size());
  size_t coded = 0;
  for (const checkpoint::TensorEntry& entry : source.tensors) {
    const std::vector<float> want = ReadAll(source, entry.name),
                             got = ReadAll(exported, entry.name);
    const double error =
        SquaredError(want, got) / SquaredError(want, std::vector<float>(want.size()));
    coded += error > 0;
    EXPECT_LT(error, 0.02) << entry.name;
  }
  EXPECT_EQ(coded, 2 * 2u);  // gate and up: all others have 96 rows, see the next test
}

// Kernels of the engines take multiples of 64 rows.
TEST_F(SmallExport, SaysWhichMatricesKeepTheirTypeAndWhy) {
  const ConversionResult result = Export(Source(), out());
  EXPECT_THAT(result.notes, Contains(HasSubstr("96 rows are not a multiple of 64")));
}

TEST_F(SmallExport, TheSearchedScaleIsNeverWorseThanTheLargestWeight) {
  CompressedTensorsOptions options;
  Export(Source(), out(), options);
  options.scale_rule = "absmax";
  Export(Source(), dir_ / "absmax", options);
  const Checkpoint source = Source(), mse = checkpoint::OpenCheckpoint(out()),
                   absmax = checkpoint::OpenCheckpoint(dir_ / "absmax");
  for (const checkpoint::TensorEntry& entry : source.tensors) {
    const std::vector<float> want = ReadAll(source, entry.name);
    EXPECT_LE(SquaredError(want, ReadAll(mse, entry.name)),
              SquaredError(want, ReadAll(absmax, entry.name)))
        << entry.name;
  }
}

TEST_F(SmallExport, IsWholeAndVerifies) {
  Export(Source(), out());
  EXPECT_TRUE(checkpoint::VerifyFolder(out(), {}).ok());
  EXPECT_THAT(ReadSmallFile(out() / "README.md", 1 << 20), HasSubstr("compressed-tensors"));
}

TEST_F(SmallExport, HasTheSameBytesForEveryNumberOfThreads) {
  CompressedTensorsOptions options;
  options.rotation = ExportRotation::kFolded;
  options.output.threads = 1;
  Export(Source(), out(), options);
  options.output.threads = 3;
  Export(Source(), dir_ / "again", options);
  EXPECT_EQ(test::FolderContent(out()), test::FolderContent(dir_ / "again"));
}

TEST_F(SmallExport, OfCodesSaysThatTheOriginalIsBetter) {
  Export(Source(), out(), {.bits = 8});
  EXPECT_THAT(Export(checkpoint::OpenCheckpoint(out()), dir_ / "again").notes,
              Contains(HasSubstr("--source")));
}

TEST_F(SmallExport, RefusesWhatEnginesHaveNoKernelsFor) {
  EXPECT_THROW(Export(Source(), out(), {.bits = 5}), Error);
  EXPECT_THROW(Export(Source(), out(), {.group_size = 48}), Error);
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(SmallExport, RefusesWhereNothingCanBeCoded) {
  try {
    Export(Source(), out(), {.exclude = {"*gate_proj*"}});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("96 rows are not a multiple of 64"));
  }
  EXPECT_FALSE(fs::exists(out()));
}

// Llama of usual proportions: in-features of 576 and 1536, as SmolLM2 has them.
Json Llama576() {
  return {{"model_type", "llama"},     {"vocab_size", 64},           {"hidden_size", 576},
          {"intermediate_size", 1536}, {"num_hidden_layers", 2},     {"num_attention_heads", 9},
          {"num_key_value_heads", 3},  {"tie_word_embeddings", true}};
}

Json GroupsOf(const fs::path& folder) {
  return ConfigOf(folder).at("quantization_config").at("config_groups");
}

TEST(ExportGroups, ThatAreNotAllAlikeNameTheirMatrices) {
  test::TempDir dir;
  Export(checkpoint::OpenSynthetic(Llama576(), 1, 0), dir / "out");
  const Json groups = GroupsOf(dir / "out");
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups.at("group_0").at("weights").at("group_size"), 128);
  EXPECT_THAT(groups.at("group_0").at("targets"),
              ElementsAre("re:.*layers\\.\\d+\\.mlp\\.down_proj$"));
  EXPECT_EQ(groups.at("group_1").at("weights").at("group_size"), 64);
  EXPECT_THAT(groups.at("group_1").at("targets"),
              Contains("re:.*layers\\.\\d+\\.self_attn\\.q_proj$"));
}

TEST(ExportGroups, OfOneSizeAreTheClassOfAllLayers) {
  test::TempDir dir;
  CompressedTensorsOptions options;
  options.group_size = 64;
  Export(checkpoint::OpenSynthetic(Llama576(), 1, 0), dir / "out", options);
  EXPECT_THAT(GroupsOf(dir / "out").at("group_0").at("targets"), ElementsAre("Linear"));
  EXPECT_EQ(GroupsOf(dir / "out").size(), 1u);
}

TEST(ExportGroups, TiedHeadsAreNoLayerOfTheClass) {
  // Engines make a layer for them, which would wait for codes.
  for (const bool is_tied : {true, false}) {
    test::TempDir dir;
    Json config = Llama576();
    config["tie_word_embeddings"] = is_tied;
    CompressedTensorsOptions options;
    options.group_size = 64;
    Export(checkpoint::OpenSynthetic(config, 1, 0), dir / "out", options);
    EXPECT_THAT(ConfigOf(dir / "out").at("quantization_config").at("ignore"),
                ElementsAre("lm_head"));
  }
}

TEST(ExportGroups, ExpressionsSelectTheirMatricesAndNoOthers) {
  test::TempDir dir;
  CompressedTensorsOptions options;
  options.exclude = {"model.layers.1.mlp.up_proj.weight"};
  Export(checkpoint::OpenSynthetic(Llama576(), 1, 0), dir / "out", options);
  const Checkpoint exported = checkpoint::OpenCheckpoint(dir / "out");
  std::map<std::string, std::vector<std::string>> selected;  // by matrix: what names it
  const Json quantization = ConfigOf(dir / "out").at("quantization_config");
  for (const checkpoint::TensorEntry& entry : exported.tensors) {
    if (!entry.name.ends_with("_proj.weight")) continue;
    const std::string module = entry.name.substr(0, entry.name.size() - 7);
    const auto match = [&](const Json& targets, const std::string& where) {
      for (const std::string target : targets) {
        const bool is_match = target.starts_with("re:")
                                  ? std::regex_match(module, std::regex(target.substr(3)))
                                  : module == target;
        if (is_match) selected[module].push_back(where);
      }
    };
    for (const auto& [name, group] : quantization.at("config_groups").items()) {
      match(group.at("targets"), std::to_string(group.at("weights").at("group_size").get<int>()));
    }
    match(quantization.at("ignore"), "ignored");
  }
  ASSERT_EQ(selected.size(), 2 * 7u);
  for (const auto& [module, where] : selected) {
    // Engines run gate and up as one matrix: what keeps one keeps the other.
    const bool is_kept =
        module.starts_with("model.layers.1.mlp.") && !module.ends_with("down_proj");
    const std::string want = is_kept ? "ignored" : module.ends_with("down_proj") ? "128" : "64";
    EXPECT_THAT(where, ElementsAre(want)) << module;
  }
}

TEST(ExportRotation, OnlineStoresRotatedWeightsAndDeclaresIt) {
  test::TempDir dir;
  CompressedTensorsOptions options;
  options.bits = 8;
  options.rotation = ExportRotation::kOnline;
  const ConversionResult result =
      Export(checkpoint::OpenSynthetic(Llama576(), 1, 0), dir / "out", options);
  EXPECT_THAT(result.notes, Contains(HasSubstr("transformers loads this and computes nonsense")));
  EXPECT_THAT(ReadSmallFile(dir / "out" / "README.md", 1 << 20), HasSubstr("computes nonsense"));
  const Json apply = ConfigOf(dir / "out")
                         .at("quantization_config")
                         .at("transform_config")
                         .at("config_groups")
                         .at("hadamard")
                         .at("apply");
  ASSERT_EQ(apply.size(), 2u);
  for (const Json& one : apply) {
    // 576 columns are not whole blocks of 128.
    EXPECT_THAT(one.at("targets"), ElementsAre("re:.*layers\\.\\d+\\.mlp\\.down_proj$"));
  }
}

// What cannot be coded is kept, and then not rotated: nothing would turn its inputs.
TEST(ExportRotation, OnlineKeepsWhatIsNotFiniteInItsOwnBasis) {
  const Json config = {{"model_type", "llama"},      {"vocab_size", 64},
                       {"hidden_size", 128},         {"intermediate_size", 256},
                       {"num_hidden_layers", 1},     {"num_attention_heads", 2},
                       {"tie_word_embeddings", true}};
  const std::string bad = "model.layers.0.mlp.down_proj.weight";
  const checkpoint::Catalog catalog = checkpoint::BuildCatalog(config).value();
  std::vector<test::MadeTensor> tensors;
  for (const checkpoint::TensorSpec& spec : catalog.tensors) {
    if (!spec.required) continue;
    test::MadeTensor tensor{spec.name, DType::kBF16, spec.shape};
    if (spec.name == bad) tensor.value = [](uint64_t i) { return i == 300 ? NAN : 0.5f; };
    tensors.push_back(std::move(tensor));
  }
  test::TempDir dir;
  fs::create_directory(dir / "src");
  test::WriteSafetensors(dir / "src" / "model.safetensors", tensors);
  WriteFileAtomically(dir / "src" / "config.json", config.dump());
  CompressedTensorsOptions options;
  options.rotation = ExportRotation::kOnline;
  options.non_finite = NonFinitePolicy::kKeep;
  const auto plan = PlanCompressedTensors(checkpoint::OpenCheckpoint(dir / "src"), options,
                                          codec::ReferenceBackend());
  const auto is_rotated = [&](std::string_view name) {
    return std::holds_alternative<checkpoint::DerivedStorage>(plan->source.Find(name)->storage);
  };
  EXPECT_FALSE(is_rotated(bad));
  EXPECT_TRUE(is_rotated("model.layers.0.mlp.up_proj.weight"));
  const Json apply = plan->source.config.at("quantization_config")
                         .at("transform_config")
                         .at("config_groups")
                         .at("hadamard")
                         .at("apply");
  EXPECT_THAT(apply.at(0).at("targets"), ::testing::Not(Contains(HasSubstr("down_proj"))));
}

// The counts of the published INT4 export of Qwen3.6-35B-A3B.
TEST(ExportCounts, OfThePublishedModelAreThePublishedOnes) {
  const fs::path config = test::SharedData("configs/qwen3.6-35b-a3b");
  HLWQ_REQUIRE_SHARED(config);
  const auto plan =
      PlanCompressedTensors(checkpoint::OpenSynthetic(ReadJsonFile(config / "config.json"), 1, 0),
                            {}, codec::ReferenceBackend());
  std::map<std::string, int> counts;
  for (const checkpoint::TensorReport& report : plan->job.reports) {
    const bool is_expert = report.role == Role::kExpertGate || report.role == Role::kExpertUp ||
                           report.role == Role::kExpertDown;
    if (report.role == Role::kVision || report.role == Role::kMtp) {
      ++counts["beside the text model"];
    } else if (report.is_quantized) {
      ++counts[is_expert ? "experts" : "others"];
    } else {
      ++counts["kept"];
    }
  }
  EXPECT_EQ(counts["experts"], 30720);
  EXPECT_EQ(counts["others"], 250);
  EXPECT_EQ(counts["kept"], 363);
}

}  // namespace
}  // namespace hlwq::convert
