#include "runtime/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "base/error.h"
#include "tests/runtime/run_model.h"
#include "tests/support/allocation_count.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr size_t kContext = 48;

constexpr auto kGoOn = [](TokenId) { return true; };
constexpr auto kGoOnWithPrompt = [](size_t) { return true; };

class GenerateTest : public testing::Test {
 protected:
  GenerateTest() {
    test::WriteSmallLlama(dir_.path());
    // Passes of five tokens, so that prompts take several.
    engine_.emplace(dir_.path(), EngineOptions{.threads = 2, .chunk_tokens = 5});
  }

  Sequence NewSequence(size_t capacity = kContext) {
    return Sequence(*engine_, {.format = DType::kF32, .capacity = capacity});
  }
  GenerationResult Run(Sequence& sequence, const std::vector<TokenId>& prompt,
                       const GenerateOptions& options, OnToken on_token = kGoOn) {
    return Generate(*engine_, sequence, prompt, options,
                    {.on_token = on_token, .on_prompt = kGoOnWithPrompt});
  }
  std::vector<TokenId> Answer(Sequence& sequence, const std::vector<TokenId>& prompt,
                              const GenerateOptions& options) {
    return Run(sequence, prompt, options).tokens;
  }

  test::TempDir dir_;
  std::optional<Engine> engine_;
  const std::vector<TokenId> prompt_ = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
  const GenerateOptions greedy_ = {.max_tokens = 10, .sampler = {.temperature = 0}};
  const GenerateOptions sampled_ = {
      .max_tokens = 10,
      .sampler = {.temperature = 2, .top_k = 0, .top_p = 1, .min_p = 0, .seed = 7}};
};

TEST_F(GenerateTest, EachTokenIsTheLikeliestAfterTheOnesBefore) {
  Sequence sequence = NewSequence();
  std::vector<TokenId> tokens = prompt_;
  for (const TokenId token : Answer(sequence, prompt_, greedy_)) {
    Sequence fresh = NewSequence();
    EXPECT_EQ(Run(fresh, tokens, {.max_tokens = 1, .sampler = {.temperature = 0}}).tokens,
              std::vector{token});
    tokens.push_back(token);
  }
  EXPECT_EQ(tokens.size(), prompt_.size() + 10);
}

TEST_F(GenerateTest, TheSequenceHoldsPromptAndAnswerButTheLastToken) {
  Sequence sequence = NewSequence();
  std::vector<TokenId> expected = prompt_;
  for (const TokenId token : Answer(sequence, prompt_, greedy_)) expected.push_back(token);
  expected.pop_back();
  EXPECT_THAT(sequence.tokens(), testing::ElementsAreArray(expected));
}

TEST_F(GenerateTest, WhatIsInTheSequenceAlreadyIsNotFedAgain) {
  Sequence sequence = NewSequence();
  Run(sequence, prompt_, greedy_);
  std::vector<TokenId> prompt = {3, 1, 4, 1, 5, 9, 2, 7, 1, 8};
  const GenerationResult again = Run(sequence, prompt, greedy_);
  EXPECT_EQ(again.times.reused_tokens, 7u);
  EXPECT_EQ(again.times.prompt_tokens, 10u);
  Sequence fresh = NewSequence();
  EXPECT_EQ(again.tokens, Answer(fresh, prompt, greedy_));

  // A prompt that is wholly there: its last token is fed again, for the logits.
  prompt.resize(8);
  EXPECT_EQ(Run(sequence, prompt, greedy_).times.reused_tokens, 7u);
}

TEST_F(GenerateTest, CopiesOfOnePromptGiveTheAnswersOfFreshSequences) {
  Sequence base = NewSequence();
  test::Fill(*engine_, base, prompt_);
  for (const uint64_t seed : {7, 8}) {
    GenerateOptions options = sampled_;
    options.sampler.seed = seed;
    Sequence copy = NewSequence(), fresh = NewSequence();
    copy.ForkFrom(base);
    const GenerationResult answer = Run(copy, prompt_, options);
    EXPECT_EQ(answer.times.reused_tokens, prompt_.size());
    EXPECT_EQ(answer.tokens, Answer(fresh, prompt_, options));
  }
}

TEST_F(GenerateTest, AnswersDoNotDependOnThreads) {
  std::vector<std::vector<TokenId>> answers;
  for (const int threads : {2, 1, 3}) {
    engine_.emplace(dir_.path(), EngineOptions{.threads = threads, .chunk_tokens = 5});
    Sequence sequence = NewSequence();
    answers.push_back(Answer(sequence, prompt_, sampled_));
  }
  EXPECT_EQ(answers[1], answers[0]);
  EXPECT_EQ(answers[2], answers[0]);
}

// Each begins a few passes after the one before, and reads its prompt while the others answer.
TEST_F(GenerateTest, ManyAnswersInOneLoopAreThoseOfEachAlone) {
  constexpr size_t kAnswers = 5;
  std::vector<std::vector<TokenId>> prompts, want;
  for (size_t index = 0; index < kAnswers; ++index) {
    prompts.push_back(test::SomeTokens(3 + 7 * index, 60, static_cast<unsigned>(index)));
    Sequence sequence = NewSequence(64);
    want.push_back(Answer(sequence, prompts[index], sampled_));
  }
  std::deque<Sequence> sequences;
  std::deque<Generation> generations;
  std::vector<std::vector<TokenId>> got(kAnswers);
  for (size_t pass = 0; pass < 100; ++pass) {
    if (pass % 3 == 0 && generations.size() < kAnswers) {
      sequences.emplace_back(*engine_, KvCacheOptions{.format = DType::kF32, .capacity = 64});
      generations.emplace_back(*engine_, sequences.back(), prompts[generations.size()], sampled_);
    }
    std::vector<Work> work;
    for (Generation& generation : generations) {
      work.push_back(generation.Next(5));  // without tokens once it is over
    }
    engine_->Step(work, [&](size_t index, size_t token, std::span<const float> logits) {
      generations[index].OnLogits(token, logits);
    });
    for (size_t index = 0; index < generations.size(); ++index) {
      if (const auto token = generations[index].Advance()) got[index].push_back(*token);
    }
  }
  for (size_t index = 0; index < kAnswers; ++index) {
    EXPECT_TRUE(generations[index].is_over());
    EXPECT_EQ(got[index], want[index]) << index;
    EXPECT_EQ(generations[index].result().tokens, want[index]);
    EXPECT_EQ(generations[index].result().reason, StopReason::kLength);
  }
}

TEST_F(GenerateTest, StopsAtEachOfTheEosTokensWithoutShowingIt) {
  Sequence sequence = NewSequence();
  const std::vector<TokenId> all = Answer(sequence, prompt_, sampled_);
  GenerateOptions options = sampled_;
  options.eos = {63, all[4]};
  const auto first = std::ranges::find(all, all[4]) - all.begin();
  const GenerationResult answer = Run(sequence, prompt_, options);
  EXPECT_EQ(answer.reason, StopReason::kEos);
  EXPECT_EQ(answer.tokens, std::vector(all.begin(), all.begin() + first));

  options.ignores_eos = true;
  const GenerationResult longer = Run(sequence, prompt_, options);
  EXPECT_EQ(longer.reason, StopReason::kLength);
  EXPECT_EQ(longer.tokens.size(), 10u);
  EXPECT_THAT(longer.tokens, testing::Not(testing::Contains(all[4])));
}

TEST_F(GenerateTest, StopsAtTheLength) {
  Sequence sequence = NewSequence();
  EXPECT_EQ(Run(sequence, prompt_, greedy_).reason, StopReason::kLength);
  const GenerationResult none = Run(sequence, prompt_, {.max_tokens = 0});
  EXPECT_EQ(none.reason, StopReason::kLength);
  EXPECT_TRUE(none.tokens.empty());
}

TEST_F(GenerateTest, StopsWhenTheCallbackSaysSo) {
  Sequence sequence = NewSequence();
  int calls = 0;
  const GenerationResult answer =
      Run(sequence, prompt_, greedy_, [&](TokenId) { return ++calls < 3; });
  EXPECT_EQ(answer.reason, StopReason::kCallback);
  EXPECT_EQ(answer.tokens.size(), 3u);
}

TEST_F(GenerateTest, AnAnswerThatWasStoppedWantsNothingMore) {
  Sequence sequence = NewSequence();
  Generation generation(*engine_, sequence, prompt_, greedy_);
  const auto step = [&] {
    engine_->Step(
        std::array{generation.Next(5)},
        [&](size_t, size_t token, std::span<const float> row) { generation.OnLogits(token, row); });
    return generation.Advance();
  };
  while (!step()) continue;
  step();
  generation.Stop();
  const size_t held = sequence.tokens().size();
  EXPECT_EQ(held, prompt_.size() + 1);
  EXPECT_EQ(step(), std::nullopt);
  EXPECT_EQ(sequence.tokens().size(), held);
  EXPECT_EQ(generation.result().reason, StopReason::kCallback);
  EXPECT_EQ(generation.result().tokens.size(), 2u);
}

TEST_F(GenerateTest, StopsWithinAPromptAndGoesOnFromThere) {
  Sequence sequence = NewSequence();
  std::vector<size_t> done;
  const auto stop_after_two = [&](size_t tokens) {
    done.push_back(tokens);
    return done.size() < 2;
  };
  const GenerationResult stopped = Generate(*engine_, sequence, prompt_, greedy_,
                                            {.on_token = kGoOn, .on_prompt = stop_after_two});
  EXPECT_EQ(stopped.reason, StopReason::kCallback);
  EXPECT_THAT(done, ElementsAre(5, 10));
  EXPECT_EQ(sequence.tokens().size(), 10u);
  const GenerationResult answer = Run(sequence, prompt_, greedy_);
  EXPECT_EQ(answer.times.reused_tokens, 10u);
  Sequence fresh = NewSequence();
  EXPECT_EQ(answer.tokens, Answer(fresh, prompt_, greedy_));
}

TEST_F(GenerateTest, FillsTheContextToTheLastToken) {
  Sequence sequence = NewSequence(15);
  const GenerationResult answer = Run(sequence, prompt_, {.sampler = {.temperature = 0}});
  EXPECT_EQ(answer.reason, StopReason::kContextFull);
  // Three fit; the token after the last of them is known and shown.
  EXPECT_EQ(answer.tokens.size(), 4u);
  EXPECT_TRUE(sequence.is_full());
}

TEST_F(GenerateTest, RefusesPromptsThatCannotBeFedAndKeepsTheSequence) {
  Sequence sequence = NewSequence(12);
  Run(sequence, {1, 2, 3}, {.max_tokens = 1});
  const auto expect = [&](const std::vector<TokenId>& prompt, const char* complaint) {
    try {
      Run(sequence, prompt, greedy_);
      ADD_FAILURE() << complaint;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.what(), HasSubstr(complaint));
    }
    EXPECT_THAT(sequence.tokens(), ElementsAre(1, 2, 3));
  };
  expect({}, "the prompt is empty");
  expect(std::vector<TokenId>(13, 1), "the prompt has 13 tokens, the context 12");
  expect({1, 64}, "token 64");
  expect({1, -1}, "token -1");
}

TEST_F(GenerateTest, CountsWhatItDid) {
  Sequence sequence = NewSequence();
  const GenerationResult answer = Run(sequence, prompt_, greedy_);
  EXPECT_EQ(answer.times.prompt_tokens, prompt_.size());
  EXPECT_EQ(answer.times.reused_tokens, 0u);
  EXPECT_EQ(answer.times.generated_tokens, 10u);
  EXPECT_EQ(answer.times.decode_passes, 9u);
  EXPECT_GT(answer.times.prompt_tokens_per_second(), 0);
  EXPECT_GT(answer.times.decode_tokens_per_second(), 0);
  EXPECT_GE(answer.times.first_token_seconds, answer.times.prompt_seconds);
}

TEST_F(GenerateTest, TheLoopAllocatesNothingAfterTheFirstToken) {
  for (GenerateOptions options : {greedy_, sampled_}) {
    options.max_tokens = 30;
    options.sampler.penalties = {.window = 8, .repeat = 1.1, .frequency = 0.1};
    options.sampler.biases = {{.token = 5, .bias = 1}};
    Sequence sequence = NewSequence();
    size_t after_third = 0, after_last = 0;
    int tokens = 0;
    Run(sequence, prompt_, options, [&](TokenId) {
      // The pass of the second token makes the workspace; from then on nothing may be made.
      after_last = test::AllocationCount();
      if (++tokens == 3) after_third = after_last;
      return true;
    });
    EXPECT_EQ(tokens, 30);
    EXPECT_EQ(after_last, after_third);
  }
}

}  // namespace
}  // namespace hlwq::runtime
