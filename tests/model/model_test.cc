#include "model/model.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::model {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The line that opening the folder's model ends with.
std::string Complaint(const fs::path& folder) {
  try {
    const Model model(checkpoint::OpenCheckpoint(folder));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// A small llama with a change to its config.json.
class ChangedModel : public ::testing::Test {
 protected:
  void SetUp() override { test::WriteSmallLlama(dir_ / "m"); }

  void Change(const std::string& key, const nlohmann::json& value) {
    nlohmann::json config = ReadJsonFile(dir_ / "m" / "config.json");
    config[key] = value;
    std::ofstream(dir_ / "m" / "config.json") << config;
  }
  fs::path folder() const { return dir_ / "m"; }

 private:
  test::TempDir dir_;
};

TEST_F(ChangedModel, OpensAsItIs) { EXPECT_EQ(Complaint(folder()), "no error"); }

TEST_F(ChangedModel, NamesTheTensorThatContradictsTheConfig) {
  Change("intermediate_size", 128);
  EXPECT_THAT(Complaint(folder()),
              AllOf(HasSubstr("mlp."), HasSubstr("want [128, 96]"), HasSubstr("got [256, 96]")));
}

TEST_F(ChangedModel, NamesTheTensorThatIsMissing) {
  Change("num_hidden_layers", 3);
  EXPECT_THAT(Complaint(folder()),
              AllOf(HasSubstr("'model.layers.2."), HasSubstr("but it is missing")));
}

TEST_F(ChangedModel, NamesTheBiasThatIsMissing) {
  Change("attention_bias", true);
  EXPECT_THAT(Complaint(folder()), HasSubstr("'model.layers.0.self_attn.q_proj.bias'"));
}

TEST_F(ChangedModel, NamesWhatCannotBeRun) {
  Change("model_type", "mamba");
  EXPECT_THAT(Complaint(folder()), AllOf(HasSubstr("'mamba'"), HasSubstr("want one of llama")));
}

TEST_F(ChangedModel, NamesAnUnknownActivation) {
  Change("hidden_act", "gelu");
  EXPECT_THAT(Complaint(folder()), AllOf(HasSubstr("hidden_act 'gelu'"), HasSubstr("want silu")));
}

TEST_F(ChangedModel, NamesAnUnknownRotation) {
  Change("rope_scaling", {{"rope_type", "spiral"}, {"factor", 2}});
  EXPECT_THAT(Complaint(folder()), HasSubstr("rope_type 'spiral'"));
}

TEST_F(ChangedModel, WantsAConfig) {
  fs::remove(folder() / "config.json");
  EXPECT_THAT(Complaint(folder()), HasSubstr("no config.json"));
}

TEST(Model, BytesPerTokenAreThoseOfTheMatrices) {
  const Model model(checkpoint::OpenCheckpoint(test::Golden("good/models/llama-linear")));
  const auto& sizes = model.config().sizes;
  const uint64_t attention = sizes.hidden * sizes.head_dim * 2 * (sizes.heads + sizes.kv_heads);
  const uint64_t mlp = 3 * sizes.hidden * sizes.intermediate;
  // BF16; one row of the embedding and all of the head.
  EXPECT_EQ(model.bytes_per_token(),
            2 * (sizes.layers.size() * (attention + mlp) + (1 + sizes.vocab) * sizes.hidden));
}

TEST(Model, AStoredHeadCountsThoughTheConfigTies) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "m");
  nlohmann::json config = ReadJsonFile(dir / "m" / "config.json");
  config["tie_word_embeddings"] = true;
  std::ofstream(dir / "m" / "config.json") << config;
  const Model model(checkpoint::OpenCheckpoint(dir / "m"));
  EXPECT_THAT(model.notes(), ::testing::Contains(HasSubstr("the stored one counts")));
}

}  // namespace
}  // namespace hlwq::model
