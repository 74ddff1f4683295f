#include "study/tokenize/train_bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/study/golden.h"
#include "tests/support/expect_error.h"
#include "text/tokenizer.h"

namespace hlwq::study {
namespace {

using nlohmann::json;

// A case of tools/golden/make_study_bpe.py.
struct Case {
  std::vector<std::string> texts;
  BpeOptions options;

  explicit Case(const json& golden)
      : texts(golden["texts"].get<std::vector<std::string>>()),
        options({.vocabulary = golden["vocabulary"].get<size_t>(),
                 .least_count = golden["least_count"].get<uint64_t>(),
                 .special = golden["special"].get<std::vector<std::string>>()}) {}
  BpeVocabulary Train(int threads) const {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    BpeOptions with_threads = options;
    with_threads.threads = threads;
    return TrainBpe(views, with_threads);
  }
};

TEST(TrainBpe, LearnsWhatTokenizersLearns) {
  const json golden = ReadJsonFile(test::StudyGolden("bpe.json"));
  for (const json& one : golden["cases"]) {
    for (const int threads : {1, 3}) {
      const BpeVocabulary learned = Case(one).Train(threads);
      EXPECT_EQ(learned.tokens, one["tokens"].get<std::vector<std::string>>());
      std::vector<std::vector<std::string>> merges;
      for (const BpeMerge& merge : learned.merges) {
        merges.push_back({learned.tokens[merge.left], learned.tokens[merge.right]});
        EXPECT_EQ(learned.tokens[merge.made], merges.back()[0] + merges.back()[1]);
      }
      EXPECT_EQ(merges, one["merges"].get<std::vector<std::vector<std::string>>>());
    }
  }
}

TEST(BpeToJson, IsATokenizerOfTheTextBox) {
  const json golden = ReadJsonFile(test::StudyGolden("bpe.json"));
  for (const json& one : golden["cases"]) {
    const text::Tokenizer tokenizer(BpeToJson(Case(one).Train(1)));
    EXPECT_EQ(tokenizer.size(), one["tokens"].size());
    const auto probe = one["probe"].get<std::string>();
    const std::vector<text::TokenId> ids = tokenizer.Encode(probe);
    EXPECT_EQ(ids, one["ids"].get<std::vector<text::TokenId>>());
    EXPECT_EQ(tokenizer.Decode(ids), probe);
  }
}

TEST(BpeToJson, PutsTheFirstSpecialTokenBeforeTexts) {
  const std::string_view words = "to be or not to be";
  const BpeVocabulary learned = TrainBpe(std::span(&words, 1), {.vocabulary = 262});
  const text::Tokenizer plain(BpeToJson(learned)), begins(BpeToJson(learned, true));
  std::vector<text::TokenId> expected = plain.Encode("not to");
  EXPECT_EQ(begins.Encode("not to", {.add_special = false}), expected);
  expected.insert(expected.begin(), 0);
  EXPECT_EQ(begins.Encode("not to"), expected);
}

TEST(TrainBpe, RefusesWhatHasNoRoom) {
  const auto train = [](BpeOptions options) {
    return [options] { TrainBpe(std::span<const std::string_view>(), options); };
  };
  const auto code = ErrorCode::kInvalidArgument;
  test::ExpectError(code, "want at least 257 tokens", train({.vocabulary = 256}));
  test::ExpectError(code, "given twice", train({.vocabulary = 999, .special = {"x1", "x1"}}));
  test::ExpectError(code, "is empty", train({.vocabulary = 999, .special = {""}}));
  test::ExpectError(code, "a byte as well", train({.vocabulary = 999, .special = {"a"}}));
  EXPECT_EQ(TrainBpe({}, {.vocabulary = 999}).tokens.size(), 257);
}

}  // namespace
}  // namespace hlwq::study
