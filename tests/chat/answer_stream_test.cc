#include "chat/answer_stream.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

text::Tokenizer GoldenTokenizer(const std::string& name) {
  return text::Tokenizer(GoldenTokenizerJson(name));
}

struct Shown {
  std::string text;
  std::vector<std::string> pieces;
  bool is_stopped = false;
};

Shown Show(const text::Tokenizer& tokenizer, std::span<const text::TokenId> before,
           std::span<const text::TokenId> answer, std::vector<std::string> stops = {}) {
  Shown shown;
  AnswerStream stream(tokenizer, before, std::move(stops),
                      [&](std::string_view piece) { shown.pieces.emplace_back(piece); });
  for (const text::TokenId token : answer) {
    if (!stream.Push(token)) {
      shown.is_stopped = true;
      break;
    }
  }
  stream.Finish();
  shown.text = stream.text();
  std::string joined;
  for (const std::string& piece : shown.pieces) joined += piece;
  EXPECT_EQ(joined, shown.text);
  return shown;
}

TEST(AnswerStream, ABlankBetweenPromptAndAnswerStays) {
  const text::Tokenizer tokenizer = GoldenTokenizer("llama-spm");
  const std::vector<text::TokenId> all = tokenizer.Encode("the fox jumps", {.add_special = false});
  const std::vector<text::TokenId> prompt = tokenizer.Encode("the fox", {.add_special = false});
  ASSERT_TRUE(std::equal(prompt.begin(), prompt.end(), all.begin()));
  const std::span<const text::TokenId> answer = std::span(all).subspan(prompt.size());
  EXPECT_EQ(Show(tokenizer, prompt, answer).text, " jumps");
  EXPECT_EQ(Show(tokenizer, {}, answer).text, "jumps");
}

TEST(AnswerStream, CharactersOfSeveralTokensAreShownWhole) {
  const text::Tokenizer tokenizer = GoldenTokenizer("llama-bpe");
  const std::vector<text::TokenId> answer = tokenizer.Encode("a中b");
  ASSERT_GT(answer.size(), 3u);
  EXPECT_EQ(Show(tokenizer, {}, answer).pieces, (std::vector<std::string>{"a", "中", "b"}));
}

TEST(AnswerStream, SpecialTokensAreNotShown) {
  const text::Tokenizer tokenizer = GoldenTokenizer("llama-bpe");
  EXPECT_EQ(Show(tokenizer, {}, tokenizer.Encode("the<|im_end|> fox")).text, "the fox");
}

TEST(AnswerStream, EndsBeforeAStopStringThatSpansTokens) {
  const text::Tokenizer tokenizer = GoldenTokenizer("llama-bpe");
  const Shown shown = Show(tokenizer, {}, tokenizer.Encode("the fox\nUser: the dog"), {"\nUser:"});
  EXPECT_TRUE(shown.is_stopped);
  EXPECT_EQ(shown.text, "the fox");
}

TEST(AnswerStream, WhatOnlyLookedLikeAStopStringIsShownAtTheEnd) {
  const text::Tokenizer tokenizer = GoldenTokenizer("llama-bpe");
  const Shown shown = Show(tokenizer, {}, tokenizer.Encode("the fox\nUser"), {"\nUser:"});
  EXPECT_FALSE(shown.is_stopped);
  EXPECT_EQ(shown.text, "the fox\nUser");
}

}  // namespace
}  // namespace hlwq::chat
