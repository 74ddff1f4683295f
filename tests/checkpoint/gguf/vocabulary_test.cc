#include "checkpoint/gguf/vocabulary.h"

#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "checkpoint/gguf/pretokenizer.h"
#include "io/gguf.h"
#include "tests/support/gguf_builder.h"
#include "tests/support/shared_data.h"

namespace hlwq::checkpoint {
namespace {

using test::GgufBuilder;
using testing::ElementsAre;
using testing::HasSubstr;

io::GgufMetadata Metadata(const GgufBuilder& builder) {
  const std::string file = builder.File();
  return io::ParseGguf(std::as_bytes(std::span(file)), file.size()).metadata;
}

GgufBuilder Tokens(const std::vector<std::string>& texts, const std::vector<float>& scores = {},
                   const std::vector<int32_t>& types = {}) {
  GgufBuilder builder;
  builder.Strings("tokenizer.ggml.tokens", texts);
  if (!scores.empty()) builder.Numbers("tokenizer.ggml.scores", test::kF32, scores);
  if (!types.empty()) builder.Numbers("tokenizer.ggml.token_type", test::kI32, types);
  return builder;
}

std::vector<Merge> FromScores(const GgufBuilder& builder) {
  return MergesFromScores(GgufVocabulary(Metadata(builder), 1000));
}

TEST(MergesFromScores, RanksByScoreThenByLengthOfTheParts) {
  EXPECT_THAT(FromScores(Tokens({"a", "b", "ab", "aba", "ba"}, {-4, -5, -2, -1, -3})),
              ElementsAre(Merge{"ab", "a"}, Merge{"a", "ba"}, Merge{"a", "b"}, Merge{"b", "a"}));
}

TEST(MergesFromScores, CountsCharactersNotBytes) {
  // "éa" + "b" has the longer left part in characters; "é" + "ab" in none.
  EXPECT_THAT(FromScores(Tokens({"é", "a", "b", "éa", "ab", "éab"}, {0, 0, 0, -2, -3, -1})),
              ElementsAre(Merge{"éa", "b"}, Merge{"é", "ab"}, Merge{"é", "a"}, Merge{"a", "b"}));
}

TEST(MergesFromScores, OnlyNormalTokensTakePart) {
  EXPECT_THAT(FromScores(Tokens({"<s", ">", "<s>", "<", "s"}, {0, 0, 0, 0, 0}, {1, 1, 3, 1, 1})),
              ElementsAre(Merge{"<", "s"}));
}

// A chain of prefixes is walked, not searched: all splits of a, aa, aaa, ...
TEST(MergesFromScores, FindsEverySplitOfNestedTokens) {
  std::vector<std::string> texts;
  std::vector<float> scores;
  for (size_t length = 1; length <= 60; ++length) {
    texts.push_back(std::string(length, 'a'));
    scores.push_back(-static_cast<float>(length));
  }
  EXPECT_EQ(FromScores(Tokens(texts, scores)).size(), 60u * 59 / 2);
}

// A published tokenizer.json of the same pieces and scores. It ranks the splits of one token the
// other way round: no text tells them apart, because the better-scored half is merged before.
TEST(MergesFromScores, EqualARealModelUpToSplitsOfOneToken) {
  const auto folder = test::SharedData("models/stories260k");
  const auto binary = test::SharedData("models/stories260k-llama2c/tok512.bin");
  HLWQ_REQUIRE_SHARED(folder);
  HLWQ_REQUIRE_SHARED(binary);
  const nlohmann::json tokenizer = ReadJsonFile(folder / "tokenizer.json");
  const nlohmann::json& vocab = tokenizer["model"]["vocab"];
  std::vector<std::string> texts(vocab.size());
  for (const auto& [text, id] : vocab.items()) texts.at(id.get<size_t>()) = text;

  // llama2.c: uint32 longest token, then float score, int32 length, bytes of each token.
  const std::string bytes = ReadSmallFile(binary, 1 << 20);
  std::vector<float> scores;
  for (size_t at = 4; at < bytes.size();) {
    float score = 0;
    int32_t length = 0;
    std::memcpy(&score, bytes.data() + at, 4);
    std::memcpy(&length, bytes.data() + at + 4, 4);
    scores.push_back(score);
    at += 8 + static_cast<size_t>(length);
  }
  std::vector<int32_t> types(texts.size(), 1);
  for (size_t id = 0; id < 259; ++id) types[id] = id == 0 ? 2 : id < 3 ? 3 : 6;

  const std::vector<Merge> merges = FromScores(Tokens(texts, scores, types));
  const auto published = tokenizer["model"]["merges"].get<std::vector<Merge>>();
  ASSERT_EQ(merges.size(), published.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    EXPECT_EQ(merges[rank].first + merges[rank].second,
              published[rank].first + published[rank].second)
        << rank;
  }
  EXPECT_THAT(merges, testing::UnorderedElementsAreArray(published));
}

TEST(GgufVocabulary, ContradictionsAreNamed) {
  const auto refused = [](const GgufBuilder& builder, std::string_view word) {
    try {
      const GgufVocabulary vocabulary(Metadata(builder), 3);
      FAIL() << "accepted; want an error with '" << word << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
      EXPECT_THAT(error.what(), HasSubstr(std::string(word)));
    }
  };
  refused(GgufBuilder(), "'tokenizer.ggml.tokens' is missing");
  refused(Tokens({"a", "b", "c", "d"}), "4 tokens for an embedding of 3 rows");
  refused(Tokens({"a", "b", "a"}), "tokens 0 and 2 are the same");
  refused(Tokens({"a", "b"}, {1}), "want 2 values, got 1");
  refused(Tokens({"a"}, {0}, {7}), "unknown type 7");
  refused(Tokens({"a"}, {std::numeric_limits<float>::quiet_NaN()}), "no finite score");
}

TEST(GgufVocabulary, FillersAndEmptyTextsAreRecognised) {
  const GgufVocabulary vocabulary(Metadata(Tokens({"", "[PAD1]", "[PAD9]"}, {}, {1, 5, 5})), 3);
  EXPECT_EQ(vocabulary.tokens()[0].text, "[EMPTY_0]");
  EXPECT_FALSE(vocabulary.IsFiller(0));
  EXPECT_TRUE(vocabulary.IsFiller(1));
  EXPECT_FALSE(vocabulary.IsFiller(2)) << "a token of that text, but not at that place";
}

TEST(ReadMerges, SplitsAtTheSpaceAndKeepsTheFirst) {
  GgufBuilder builder = Tokens({"a", "b", "ab"});
  builder.Strings("tokenizer.ggml.merges", {"a b", "a b"});
  const io::GgufMetadata metadata = Metadata(builder);
  EXPECT_THAT(ReadMerges(metadata, GgufVocabulary(metadata, 3)), ElementsAre(Merge{"a", "b"}));
}

TEST(ReadMerges, RefusesPartsThatAreNoTokens) {
  for (const std::string bad : {"a c", "b a", "ab", "", " "}) {
    GgufBuilder builder = Tokens({"a", "b", "ab"});
    builder.Strings("tokenizer.ggml.merges", {bad});
    const io::GgufMetadata metadata = Metadata(builder);
    EXPECT_THROW(ReadMerges(metadata, GgufVocabulary(metadata, 3)), Error) << bad;
  }
}

TEST(PreTokenizers, FamiliesDifferWhereTheyShould) {
  ASSERT_NE(FindPreTokenizer("llama-bpe"), nullptr);
  EXPECT_TRUE(FindPreTokenizer("llama-bpe")->ignores_merges);
  EXPECT_TRUE(FindPreTokenizer("llama-bpe")->adds_bos_by_default);
  EXPECT_TRUE(FindPreTokenizer("qwen2")->normalizes_nfc);
  EXPECT_FALSE(FindPreTokenizer("smollm")->normalizes_nfc);
  EXPECT_EQ(FindPreTokenizer("smollm")->expressions.size(), 2u);
  EXPECT_EQ(FindPreTokenizer("unheard-of"), nullptr);
}

}  // namespace
}  // namespace hlwq::checkpoint
