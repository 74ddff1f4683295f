#include "study/training/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "study/training/checkpoint.h"
#include "tests/study/study_support.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_limit.h"
#include "tests/support/temp_dir.h"

namespace hlwq::study {
namespace {

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    torch::set_num_threads(1);
    WriteSmallCorpus(folder_ / "corpus");
  }

  Corpus OpenSmallCorpus() const { return Corpus(folder_ / "corpus"); }
  void Run(const StudyConfig& config, const char* name, size_t arm = 0) const {
    Train(config, config.arms[arm], 1, OpenSmallCorpus(), folder_ / name, {});
  }
  // Ends after `steps` more, as a signal would have it.
  void RunFor(const StudyConfig& config, const char* name, size_t steps, size_t arm = 0) const {
    const TrainEnd end = Train(config, config.arms[arm], 1, OpenSmallCorpus(), folder_ / name,
                               {.should_stop = [&] { return --steps == 0; }});
    EXPECT_EQ(end, TrainEnd::kStopped);
  }

  test::TempDir folder_;
};

TEST_F(TrainerTest, LossFallsInBothArms) {
  StudyConfig config = SmallStudy();
  config.training.steps = 120;
  for (size_t arm = 0; arm < 2; ++arm) {
    Run(config, config.arms[arm].name.c_str(), arm);
    const auto summary =
        nlohmann::json::parse(FileText(folder_ / config.arms[arm].name / "state.json"));
    EXPECT_TRUE(summary["is_done"]);
    EXPECT_LT(summary["best_nll"].get<double>(), arm == 0 ? 2.0 : 2.45);  // uniform: 2.48
  }
}

TEST_F(TrainerTest, WhatWasStoppedAnywhereGoesOnToTheSameBits) {
  const StudyConfig config = SmallStudy();
  for (size_t arm = 0; arm < 2; ++arm) {
    const std::string whole = "whole-" + config.arms[arm].name,
                      parts = "parts-" + config.arms[arm].name;
    Run(config, whole.c_str(), arm);
    for (const size_t steps : {1u, 6u, 7u}) RunFor(config, parts.c_str(), steps, arm);
    Run(config, parts.c_str(), arm);
    EXPECT_EQ(LogText(folder_ / parts / "log.jsonl"), LogText(folder_ / whole / "log.jsonl"));
    const LoadedNet one = LoadNet(folder_ / whole / "last.safetensors"),
                    two = LoadNet(folder_ / parts / "last.safetensors");
    for (size_t index = 0; index < one.net.parameters().size(); ++index) {
      EXPECT_TRUE(
          at::equal(one.net.parameters()[index].second, two.net.parameters()[index].second));
    }
  }
}

TEST_F(TrainerTest, WhatIsDoneIsNotDoneAgain) {
  const StudyConfig config = SmallStudy();
  Run(config, "run");
  const auto before = std::filesystem::last_write_time(folder_ / "run" / "log.jsonl");
  Run(config, "run");
  EXPECT_EQ(std::filesystem::last_write_time(folder_ / "run" / "log.jsonl"), before);
}

TEST_F(TrainerTest, AccumulatedPartsTrainLikeTheWholeBatch) {
  StudyConfig config = SmallStudy();
  config.arms[0].dropout = 0;
  config.training.accumulation = 1;
  Run(config, "whole");
  config.training.accumulation = 4;
  Run(config, "parts");
  const auto loss = [&](const char* name) {
    return nlohmann::json::parse(FileText(folder_ / name / "state.json"))["best_nll"].get<double>();
  };
  EXPECT_NEAR(loss("parts"), loss("whole"), 1e-4);
}

TEST_F(TrainerTest, AnotherConfigurationIsRefusedByItsFirstDifference) {
  StudyConfig config = SmallStudy();
  RunFor(config, "run", 3);
  config.training.learning_rate = 5e-3;
  test::ExpectError(ErrorCode::kSourceChanged, "'training.learning_rate': was 0.01, is 0.005",
                    [&] { Run(config, "run"); });
}

TEST_F(TrainerTest, AnotherCorpusIsRefused) {
  const StudyConfig config = SmallStudy();
  RunFor(config, "run", 3);
  WriteSmallCorpus(folder_ / "corpus", 2);
  test::ExpectError(ErrorCode::kSourceChanged, "the corpus is another",
                    [&] { Run(config, "run"); });
}

TEST_F(TrainerTest, ALossThatIsNoNumberStopsWithStepAndTensorAndKeepsTheCheckpoint) {
  const StudyConfig config = SmallStudy();
  RunFor(config, "run", 12);
  const std::filesystem::path last = folder_ / "run" / "last.safetensors";
  {  // a weight is damaged in a way that no hash tells of: the checkpoint itself says so
    LoadedNet loaded = LoadNet(last);
    const Corpus corpus = OpenSmallCorpus();
    const RunIdentity run = {"ar", 1, config, corpus.vocabulary(), corpus.start(), corpus.hash()};
    Optimizer optimizer(loaded.net, config.training, 0.1);
    const TrainingState state = LoadCheckpoint(last, loaded.net, optimizer, run);
    const at::NoGradGuard no_gradients;
    loaded.net.parameters()[3].second.detach().flatten()[5] =
        std::numeric_limits<float>::quiet_NaN();
    SaveCheckpoint(last, loaded.net, &optimizer, run, state);
  }
  const std::string before = FileText(last);
  test::ExpectError(
      ErrorCode::kNonFinite,
      "ar, seed 1: step 13: the loss is nan; not finite: model.layers.0.self_attn.k_proj.weight; ",
      [&] { Run(config, "run"); });
  EXPECT_EQ(FileText(last), before);
}

TEST_F(TrainerTest, AFullDiskIsOneLineAndKeepsTheCheckpointBefore) {
  const StudyConfig config = SmallStudy();
  RunFor(config, "run", 6);
  const std::filesystem::path last = folder_ / "run" / "last.safetensors";
  const std::string before = FileText(last);
  {
    const test::FileLimit limit(10'000);
    test::ExpectError(ErrorCode::kIo, "safetensors", [&] { Run(config, "run"); });
  }
  EXPECT_EQ(FileText(last), before);
  Run(config, "run");
  Run(config, "whole");
  EXPECT_EQ(LogText(folder_ / "run" / "log.jsonl"), LogText(folder_ / "whole" / "log.jsonl"));
}

TEST_F(TrainerTest, ADamagedCheckpointIsRefused) {
  const StudyConfig config = SmallStudy();
  RunFor(config, "run", 3);
  std::filesystem::resize_file(folder_ / "run" / "last.safetensors", 5000);
  test::ExpectError(ErrorCode::kInvalidData, "last.safetensors", [&] { Run(config, "run"); });
}

}  // namespace
}  // namespace hlwq::study
