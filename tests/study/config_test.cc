#include "study/config/config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"

namespace hlwq::study {
namespace {

using nlohmann::json;

json Small() { return {{"arms", {{{"name", "ar"}}}}}; }

void ExpectRefused(const json& document, std::string_view part) {
  test::ExpectError(ErrorCode::kInvalidData, part, [&] { ParseConfig(document); });
}

TEST(StudyConfig, PresetsAreWhatTheyWriteOfThemselves) {
  for (const std::string_view name : PresetNames()) {
    const json document = ToJson(Preset(name));
    EXPECT_EQ(ToJson(ParseConfig(document)), document) << name;
    EXPECT_EQ(document["name"], name);
  }
}

TEST(StudyConfig, HonestPresetsTieAllHeadsAlikeAndUseTheBound) {
  for (const std::string_view name : {"honest", "laptop", "smoke"}) {
    for (const ArmConfig& arm : Preset(name).arms) {
      EXPECT_TRUE(arm.is_tied) << name;
      EXPECT_EQ(arm.loss, MaskedLoss::kNelbo) << name;
    }
  }
  EXPECT_GE(Preset("laptop").seeds.size(), 3u);
}

TEST(StudyConfig, UnknownKeysAreNamedWhereverTheyAre) {
  json document = Small();
  document["training"] = {{"batchsize", 3}};
  ExpectRefused(document, "'training.batchsize': there is no such key");
  document = Small();
  document["arms"][0]["drop"] = 0.1;
  ExpectRefused(document, "'arms[0].drop'");
  document = Small();
  document["seed"] = 1;
  ExpectRefused(document, "'seed'");
}

TEST(StudyConfig, ValuesOutOfTheirRangeAreNamed) {
  json document = Small();
  document["training"] = {{"learning_rate", -1}};
  ExpectRefused(document, "'training.learning_rate'");
  document = Small();
  document["model"] = {{"width", 100}, {"heads", 3}};
  ExpectRefused(document, "'model.width': want a multiple of 2 x 3 heads, got 100");
  document = Small();
  document["arms"][0]["objective"] = "gan";
  ExpectRefused(document, "want one of ar, mdlm, got 'gan'");
  document = Small();
  document["training"] = {{"batch", 6}, {"accumulation", 4}};
  ExpectRefused(document, "'training.accumulation'");
  ExpectRefused(json::object(), "'arms'");
  document = Small();
  document["arms"].push_back(document["arms"][0]);
  ExpectRefused(document, "two are called 'ar'");
}

TEST(StudyConfig, TheFirstDifferenceHasItsPathAndBothValues) {
  json before = ToJson(Preset("laptop")), now = before;
  EXPECT_EQ(FirstDifference(before, now), "");
  now["arms"][1]["dropout"] = 0.25;
  EXPECT_EQ(FirstDifference(before, now), "'arms[1].dropout': was 0.1, is 0.25");
}

TEST(StudyConfig, AnUnknownPresetIsRefused) {
  test::ExpectError(ErrorCode::kInvalidArgument, "'huge'", [] { Preset("huge"); });
}

}  // namespace
}  // namespace hlwq::study
