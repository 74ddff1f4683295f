#include "runtime/generation_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

GenerationConfig Read(const char* generation_config, const char* config) {
  return ReadGenerationConfig(json::parse(generation_config), json::parse(config));
}

TEST(GenerationConfig, EosIsOneIdOrAList) {
  EXPECT_THAT(Read(R"({"eos_token_id": 7})", "{}").eos, ElementsAre(7));
  EXPECT_THAT(Read(R"({"eos_token_id": [7, 9]})", "{}").eos, ElementsAre(7, 9));
  EXPECT_THAT(Read("null", "null").eos, IsEmpty());
}

TEST(GenerationConfig, AllThatIsNamedEndsAnAnswerAndTheFirstBeginsOne) {
  const char* config = R"({"eos_token_id": 2, "text_config": {"eos_token_id": 3,
                           "bos_token_id": 4}})";
  EXPECT_THAT(Read(R"({"eos_token_id": 1})", config).eos, ElementsAre(1, 2, 3));
  EXPECT_THAT(Read(R"({"eos_token_id": null})", config).eos, ElementsAre(2, 3));
  EXPECT_THAT(Read(R"({"eos_token_id": [3, 2]})", config).eos, ElementsAre(3, 2));
  EXPECT_EQ(Read("{}", config).bos, 4);
  EXPECT_EQ(Read("null", R"({"bos_token_id": 1})").bos, 1);
  EXPECT_EQ(Read("null", "{}").bos, std::nullopt);
}

TEST(GenerationConfig, SomeFilesNameTokensByTheirTexts) {
  const GenerationConfig config = Read(R"({"eos_token_id": ["</s>", 7]})", "{}");
  EXPECT_THAT(config.eos, ElementsAre(7));
  EXPECT_THAT(config.eos_texts, ElementsAre("</s>"));
  EXPECT_EQ(Read(R"({"bos_token_id": "<s>"})", R"({"bos_token_id": 1})").bos, 1);
}

TEST(GenerationConfig, ATopKOfMinusOneKeepsAll) {
  EXPECT_EQ(Read(R"({"top_k": -1})", "{}").Apply({}).top_k, 0u);
}

TEST(GenerationConfig, SaysHowTheMakersSample) {
  const GenerationConfig config = Read(
      R"({"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.9, "min_p": 0.1,
          "typical_p": 0.7, "repetition_penalty": 1.05})",
      "{}");
  const SamplerOptions options = config.Apply({});
  EXPECT_EQ(options.temperature, 0.6);
  EXPECT_EQ(options.top_k, 20u);
  EXPECT_EQ(options.top_p, 0.9);
  EXPECT_EQ(options.min_p, 0.1);
  EXPECT_EQ(options.typical_p, 0.7);
  EXPECT_EQ(options.penalties.repeat, 1.05);
}

TEST(GenerationConfig, LeavesDefaultsWhereItSaysNothing) {
  const SamplerOptions defaults;
  const SamplerOptions options = Read(R"({"top_k": null})", "{}").Apply(defaults);
  EXPECT_EQ(options.temperature, defaults.temperature);
  EXPECT_EQ(options.top_k, defaults.top_k);
}

TEST(GenerationConfig, WithoutSamplingTheTemperatureIsZero) {
  EXPECT_EQ(Read(R"({"do_sample": false, "temperature": 0.6})", "{}").Apply({}).temperature, 0);
}

TEST(GenerationConfig, RefusesWhatMakesNoSenseAndNamesIt) {
  const auto expect = [](const char* text, const char* complaint) {
    try {
      Read(text, "{}");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
      EXPECT_THAT(error.what(), HasSubstr("generation_config.json"));
      EXPECT_THAT(error.what(), HasSubstr(complaint));
    }
  };
  expect(R"({"eos_token_id": [[1]]})", "'eos_token_id'");
  expect(R"({"eos_token_id": -1})", "'eos_token_id'");
  expect(R"({"eos_token_id": [1, 4294967296]})", "4294967296");
  expect(R"({"bos_token_id": 1.5})", "'bos_token_id'");
  expect(R"({"temperature": "hot"})", "'temperature'");
  expect(R"({"temperature": -1})", "'temperature'");
  expect(R"({"top_p": 3})", "'top_p'");
  expect(R"({"top_k": 2.5})", "'top_k'");
  expect(R"({"do_sample": 1})", "'do_sample'");
}

}  // namespace
}  // namespace hlwq::runtime
