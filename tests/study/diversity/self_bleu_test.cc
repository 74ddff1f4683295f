#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "study/diversity/diversity.h"
#include "study/diversity/self_bleu.h"
#include "tests/study/golden.h"

namespace hlwq::study {
namespace {

std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::vector<double> Scores(const std::vector<std::string_view>& texts, int threads) {
  return SelfBleuScores(NumberNgrams(NumberWords(texts), kBleuOrder), threads);
}

// tools/golden/make_study_diversity.py
TEST(SelfBleu, IsThatOfNltk) {
  const nlohmann::json golden = ReadJsonFile(test::StudyGolden("diversity.json"));
  for (const nlohmann::json& set : golden["cases"]) {
    const auto texts = set["texts"].get<std::vector<std::string>>();
    const auto want = set["self_bleu"].get<std::vector<double>>();
    for (const int threads : {1, 3}) {
      const std::vector<double> scores = Scores(Views(texts), threads);
      ASSERT_EQ(scores.size(), want.size());
      for (size_t text = 0; text < want.size(); ++text) {
        EXPECT_NEAR(scores[text], want[text], 1e-12) << texts[text];
      }
    }
  }
}

TEST(SelfBleu, OfOneTextIsNothing) {
  EXPECT_EQ(Scores({"alone in the world"}, 1), std::vector<double>{0});
  EXPECT_TRUE(Scores({}, 1).empty());
}

TEST(Diversity, IsThatOfPlainPython) {
  const nlohmann::json golden = ReadJsonFile(test::StudyGolden("diversity.json"));
  for (const nlohmann::json& set : golden["cases"]) {
    const auto texts = set["texts"].get<std::vector<std::string>>();
    const auto tokens = set["tokens"].get<std::vector<TokenIds>>();
    const Diversity measured = MeasureDiversity(Views(texts), tokens, {});
    EXPECT_EQ(measured.first_word, set["first_word"].get<std::string>());
    EXPECT_DOUBLE_EQ(measured.first_word_share, set["first_word_share"].get<double>());
    EXPECT_DOUBLE_EQ(measured.unique_openings, set["unique_openings"].get<double>());
    EXPECT_NEAR(measured.token_entropy, set["token_entropy"].get<double>(), 1e-12);
    EXPECT_NEAR(measured.sample_entropy, set["sample_entropy"].get<double>(), 1e-12);
    for (size_t n = 0; n < 4; ++n) {
      EXPECT_DOUBLE_EQ(measured.distinct[n], set["distinct"][n].get<double>()) << n;
    }
    EXPECT_EQ(DiversityFromJson(ToJson(measured)), measured);
  }
}

TEST(Diversity, SeesNoMoreWordsThanAsked) {
  const std::vector<std::string_view> texts = {"a b c d", "a b x y"};
  const std::vector<TokenIds> tokens = {{1}, {2}};
  const Diversity measured = MeasureDiversity(texts, tokens, {.most_words = 2});
  EXPECT_EQ(measured.words, 4);
  EXPECT_DOUBLE_EQ(measured.distinct[0], 0.5);
  EXPECT_DOUBLE_EQ(measured.distinct[2], 0);
}

}  // namespace
}  // namespace hlwq::study
