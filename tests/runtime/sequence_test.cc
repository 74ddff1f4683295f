// What a sequence of a model with recurrent states keeps of one prompt for the next.
#include "runtime/sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/engine.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kPromptTokens = 60;
constexpr size_t kMoment = 32;  // where Sequence::Next notes the state

class HybridSequence : public ::testing::TestWithParam<const char*> {
 protected:
  Sequence MakeSequence() { return Sequence(engine_, {.format = DType::kF32, .capacity = 96}); }
  std::vector<TokenId> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, engine_.config().sizes.vocab - 4, seed);
  }
  // `prompt_` with its tokens from `begin` on changed.
  std::vector<TokenId> ChangedFrom(size_t begin) const {
    std::vector<TokenId> prompt = prompt_;
    for (size_t token = begin; token < prompt.size(); ++token) {
      prompt[token] = prompt[token] == 9 ? 10 : 9;
    }
    return prompt;
  }
  void Append(Sequence& sequence, std::span<const TokenId> tokens) {
    for (const TokenId token : tokens) test::Append(engine_, sequence, token);
  }
  // Fills, and compares with a sequence that held nothing. Returns how many tokens were there.
  size_t Fill(Sequence& sequence, std::span<const TokenId> prompt) {
    const size_t kept = test::Fill(engine_, sequence, prompt);
    EXPECT_TRUE(std::ranges::equal(sequence.tokens(), prompt));
    Sequence fresh = MakeSequence();
    test::Fill(engine_, fresh, prompt);
    EXPECT_LT(test::RelativeDifference(sequence.logits(), fresh.logits()), 2e-4);
    return kept;
  }

  Engine engine_{test::Golden("good/models/" + std::string(GetParam())),
                 {.threads = 1, .chunk_tokens = 13, .snapshot_bytes = 1 << 20}};
  const std::vector<TokenId> prompt_ = Tokens(kPromptTokens, 1);
};

TEST_P(HybridSequence, ThePromptThatItHoldsIsNotFedAgain) {
  Sequence sequence = MakeSequence();
  EXPECT_EQ(Fill(sequence, prompt_), 0u);
  EXPECT_EQ(Fill(sequence, prompt_), kPromptTokens);
}

TEST_P(HybridSequence, TheSamePromptAfterAnAnswerIsFedFromALittleBeforeItsEnd) {
  Sequence sequence = MakeSequence();
  Fill(sequence, prompt_);
  for (int times = 0; times < 3; ++times) {
    Append(sequence, Tokens(7, 2));
    EXPECT_EQ(Fill(sequence, prompt_), kMoment);
  }
}

TEST_P(HybridSequence, ALongerPromptGoesOnAfterAllThatItHolds) {
  Sequence sequence = MakeSequence();
  Fill(sequence, prompt_);
  Append(sequence, Tokens(7, 2));
  std::vector<TokenId> longer(sequence.tokens().begin(), sequence.tokens().end());
  for (const TokenId token : Tokens(20, 3)) longer.push_back(token);
  EXPECT_EQ(Fill(sequence, longer), kPromptTokens + 7);
  // Now the moment is one of the longer prompt.
  Append(sequence, Tokens(3, 4));
  EXPECT_EQ(Fill(sequence, longer), longer.size() - 17);
}

TEST_P(HybridSequence, APromptThatDiffersAfterTheMomentGoesOnFromThere) {
  Sequence sequence = MakeSequence();
  Fill(sequence, prompt_);
  EXPECT_EQ(Fill(sequence, ChangedFrom(kMoment + 2)), kMoment);
  EXPECT_EQ(Fill(sequence, ChangedFrom(kMoment)), kMoment);
}

TEST_P(HybridSequence, APromptThatDiffersBeforeTheMomentStartsAnew) {
  Sequence sequence = MakeSequence();
  Fill(sequence, prompt_);
  EXPECT_EQ(Fill(sequence, ChangedFrom(kMoment - 1)), 0u);
  EXPECT_EQ(Fill(sequence, prompt_), 0u);
}

TEST_P(HybridSequence, AShortPromptIsFedWhole) {
  Sequence sequence = MakeSequence();
  const std::span short_prompt = std::span(prompt_).first(16);
  EXPECT_EQ(Fill(sequence, short_prompt), 0u);
  Append(sequence, Tokens(2, 2));
  EXPECT_EQ(Fill(sequence, short_prompt), 0u);
  // A part of what it holds.
  EXPECT_EQ(Fill(sequence, short_prompt.first(9)), 0u);
}

TEST_P(HybridSequence, APromptThatWasStoppedGoesOn) {
  Sequence sequence = MakeSequence();
  test::Fill(engine_, sequence, prompt_, [](size_t held) { return held < 26; });
  EXPECT_EQ(sequence.tokens().size(), 26u);
  EXPECT_TRUE(sequence.logits().empty());
  EXPECT_EQ(Fill(sequence, prompt_), 26u);
}

TEST_P(HybridSequence, AMomentOfAnEarlierPromptServesToo) {
  Sequence sequence = MakeSequence();
  Fill(sequence, prompt_);
  Append(sequence, Tokens(7, 2));
  std::vector<TokenId> longer(sequence.tokens().begin(), sequence.tokens().end());
  for (const TokenId token : Tokens(20, 3)) longer.push_back(token);
  Fill(sequence, longer);
  EXPECT_EQ(Fill(sequence, ChangedFrom(kMoment + 3)), kMoment);
}

TEST_P(HybridSequence, ForksKeepWhatTheOriginalHolds) {
  Sequence sequence = MakeSequence(), copy = MakeSequence();
  Fill(sequence, prompt_);
  copy.ForkFrom(sequence);
  Fill(sequence, Tokens(30, 5));
  EXPECT_EQ(Fill(copy, prompt_), kPromptTokens);
  Append(copy, Tokens(4, 6));
  EXPECT_EQ(Fill(copy, prompt_), kMoment);
}

INSTANTIATE_TEST_SUITE_P(Models, HybridSequence,
                         ::testing::Values("qwen3_5", "qwen3_next", "qwen3_5_moe"),
                         test::ModelTestName);

TEST(Sequence, RefusesATokenThatStandsForAnImageAndStaysAsItIs) {
  Engine engine(test::Golden("good/models/qwen3_5_moe"), {.threads = 1});
  Sequence sequence(engine, {.format = DType::kF32, .capacity = 32});
  const std::vector<TokenId> prompt = {3, 4, 5};
  test::Fill(engine, sequence, prompt);
  for (const auto& [token, what] : {std::pair{54, "an image"}, std::pair{55, "a video"}}) {
    try {
      sequence.Want(std::vector<TokenId>{3, 4, token, 6});
      ADD_FAILURE() << "no error thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      EXPECT_NE(std::string(error.what()).find(std::to_string(token)), std::string::npos);
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos);
    }
    EXPECT_TRUE(std::ranges::equal(sequence.tokens(), prompt));
    EXPECT_FALSE(sequence.logits().empty());
  }
}

}  // namespace
}  // namespace hlwq::runtime
