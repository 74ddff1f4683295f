#include "study/corpus/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "study/corpus/batches.h"
#include "study/corpus/documents.h"
#include "study/corpus/prepare.h"
#include "tests/study/study_support.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::study {
namespace {

void WriteText(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Characters as tokens, "<s>" before them.
void WriteTokenizer(const std::filesystem::path& path) {
  std::string vocabulary = R"("<s>": 0)";
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    vocabulary += std::string(", \"") + letter + "\": " + std::to_string(letter - 'a' + 1);
  }
  WriteText(path,
            R"({"version": "1.0", "added_tokens": [{"id": 0, "content": "<s>", "special": true,
    "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}], "normalizer": null,
    "pre_tokenizer": null, "post_processor": null, "decoder": null, "model": {"type": "BPE", "vocab": {)" +
                vocabulary + R"(}, "merges": []}})");
}

std::string ManyDocuments() {
  std::string text;
  for (int number = 0; number < 60; ++number) {
    text +=
        std::string(static_cast<size_t>(5 + number), static_cast<char>('a' + number % 26)) + "\n\n";
  }
  return text;
}

TEST(Documents, AreCutAtTheirSeparator) {
  EXPECT_THAT(CutDocuments("one\n\n two \n\n\n\nthree", ""),
              testing::ElementsAre("one", "two", "three"));
  EXPECT_THAT(CutDocuments("a\n\nb<|endoftext|>\nc<|endoftext|>", ""),
              testing::ElementsAre("a\n\nb", "c"));
  EXPECT_THAT(CutDocuments("a--b", "--"), testing::ElementsAre("a", "b"));
  EXPECT_THAT(CutDocuments(" \n", ""), testing::IsEmpty());
}

TEST(Corpus, OfATextHasEachDocumentOnceAfterTheStartToken) {
  const test::TempDir folder;
  WriteTokenizer(folder / "tokenizer.json");
  WriteText(folder / "text.txt", ManyDocuments());
  PrepareText(
      {.text = folder / "text.txt", .tokenizer = folder / "tokenizer.json", .shares = {0.2, 0.2}},
      folder / "corpus");
  const Corpus corpus(folder / "corpus");
  EXPECT_EQ(corpus.vocabulary(), 27u);
  EXPECT_EQ(corpus.start(), 0);
  std::multiset<size_t> lengths;
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    size_t length = 0;
    EXPECT_EQ(corpus.tokens(split).front(), 0);
    for (const TokenId token : corpus.tokens(split)) {
      if (token == 0 && length > 0) lengths.insert(length);
      length = token == 0 ? 0 : length + 1;
    }
    lengths.insert(length);
    EXPECT_GT(corpus.documents(split), 0u);
  }
  std::multiset<size_t> expected;
  for (size_t number = 0; number < 60; ++number) expected.insert(5 + number);
  EXPECT_EQ(lengths, expected);
}

TEST(Corpus, EqualDocumentsAreInOneSplit) {
  const std::string text = "the same text";
  const auto bytes = std::as_bytes(std::span(text));
  EXPECT_EQ(SplitOf(bytes, {0.3, 0.3}), SplitOf(bytes, {0.3, 0.3}));
  size_t validation = 0, test = 0;
  for (uint64_t number = 0; number < 4000; ++number) {
    const Split split = SplitOf(std::as_bytes(std::span(&number, 1)), {0.2, 0.1});
    validation += split == Split::kValidation;
    test += split == Split::kTest;
  }
  EXPECT_NEAR(static_cast<double>(validation), 800, 120);
  EXPECT_NEAR(static_cast<double>(test), 400, 90);
}

TEST(Corpus, AChangedTextUnderItsTokensIsRefused) {
  const test::TempDir folder;
  WriteTokenizer(folder / "tokenizer.json");
  WriteText(folder / "text.txt", ManyDocuments());
  PrepareText(
      {.text = folder / "text.txt", .tokenizer = folder / "tokenizer.json", .shares = {0.2, 0.2}},
      folder / "corpus");
  WriteText(folder / "text.txt", ManyDocuments() + "one more");
  test::ExpectError(ErrorCode::kSourceChanged, "text.txt: the text was changed since",
                    [&] { Corpus(folder / "corpus"); });
  std::filesystem::remove(folder / "text.txt");
  EXPECT_EQ(Corpus(folder / "corpus").vocabulary(), 27u);
}

TEST(Corpus, ChangedTokensAreRefused) {
  const test::TempDir folder;
  WriteSmallCorpus(folder / "corpus");
  std::fstream file(folder / "corpus" / "corpus.safetensors",
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-4, std::ios::end);
  file.put(3);
  file.put(1);
  file.close();
  test::ExpectError(ErrorCode::kInvalidData, "corpus.safetensors: its content was changed",
                    [&] { Corpus(folder / "corpus"); });
}

TEST(Corpus, ATextWithoutAStartTokenIsRefused) {
  const test::TempDir folder;
  WriteTokenizer(folder / "tokenizer.json");
  WriteText(folder / "text.txt", "some text");
  test::ExpectError(ErrorCode::kInvalidArgument, "no token '<none>'", [&] {
    PrepareText(
        {.text = folder / "text.txt", .tokenizer = folder / "tokenizer.json", .start = "<none>"},
        folder / "corpus");
  });
}

TEST(BatchOrder, EveryEpochHasEveryWindowOnceInAnotherOrder) {
  std::vector<TokenId> tokens(50 * 2);
  for (size_t index = 0; index < tokens.size(); ++index)
    tokens[index] = static_cast<TokenId>(index);
  BatchOrder order(tokens, 2, 7);
  std::vector<TokenId> first, second, again;
  order.Append(0, 50, first);
  order.Append(50, 50, second);
  EXPECT_NE(first, second);
  EXPECT_EQ(std::set<TokenId>(first.begin(), first.end()).size(), 100u);
  EXPECT_EQ(std::set<TokenId>(second.begin(), second.end()).size(), 100u);
  BatchOrder(tokens, 2, 7).Append(30, 40, again);
  EXPECT_TRUE(std::equal(again.begin(), again.begin() + 40, first.begin() + 60));
  EXPECT_TRUE(std::equal(again.begin() + 40, again.end(), second.begin()));
}

}  // namespace
}  // namespace hlwq::study
