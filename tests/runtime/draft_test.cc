// Answers with drafted tokens are those without, for every kind of model.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/generate.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

// Has an answer go on as the prompt did, but for two other tokens now and then.
class MostlyRepeating final : public TokenFilter {
 public:
  explicit MostlyRepeating(size_t vocabulary) : mask_((vocabulary + 31) / 32) {}

  std::span<const uint32_t> Allowed() override {
    std::ranges::fill(mask_, 0);
    const bool goes_on = ++count_ % 13 != 0;
    for (const size_t token :
         {goes_on ? 5 + (count_ + 4) % 7 : 20, goes_on ? 5 + (count_ + 4) % 7 : 21})
      mask_[token / 32] |= uint32_t{1} << token % 32;
    return mask_;
  }
  void Accept(TokenId) override {}

 private:
  std::vector<uint32_t> mask_;
  size_t count_ = 0;
};

class DraftsOf : public testing::TestWithParam<const char*> {
 protected:
  Engine engine_{test::Golden("good/models") / GetParam(), EngineOptions{.threads = 2}};

  GenerationResult Run(const std::vector<TokenId>& prompt, GenerateOptions options,
                       size_t most_drafted, Sequence& sequence, bool repeats = false) {
    options.most_drafted = most_drafted;
    MostlyRepeating filter(engine_.config().sizes.vocab);
    return Generate(
        engine_, sequence, prompt, options,
        {.on_token = [](TokenId) { return true; }, .on_prompt = [](size_t) { return true; }},
        repeats ? &filter : nullptr);
  }
  Sequence NewSequence() { return Sequence(engine_, {.format = DType::kF32, .capacity = 128}); }
};
INSTANTIATE_TEST_SUITE_P(, DraftsOf,
                         testing::Values("llama-biases", "mistral-window", "qwen3-moe", "qwen3_5",
                                         "qwen3_next", "llama-dynamic"),
                         test::ModelTestName);

TEST_P(DraftsOf, ChangeNoBitOfAnswers) {
  // A text that repeats itself, which the answers of such models then do.
  std::vector<TokenId> prompt;
  for (size_t i = 0; i < 40; ++i) prompt.push_back(static_cast<TokenId>(5 + i % 7));
  size_t drafted = 0, accepted = 0, passes = 0, tokens = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    GenerateOptions options = {.max_tokens = 60};
    options.sampler = {.temperature = seed % 3 == 0 ? 0 : 0.3, .seed = seed};
    if (seed % 4 == 1) options.sampler.penalties.repeat = 1.1;
    // What follows again and again is the likeliest to end an answer in the middle of a draft.
    if (seed % 4 == 2) options.eos = {8};
    Sequence plain = NewSequence(), fast = NewSequence();
    const GenerationResult want = Run(prompt, options, 0, plain, seed % 2 == 0);
    const GenerationResult got = Run(prompt, options, 15, fast, seed % 2 == 0);
    EXPECT_EQ(got.tokens, want.tokens) << seed;
    EXPECT_EQ(got.reason, want.reason) << seed;
    EXPECT_EQ(want.times.drafted_tokens, 0u);
    drafted += got.times.drafted_tokens;
    accepted += got.times.accepted_tokens;
    passes += got.times.decode_passes;
    tokens += got.times.decode_tokens;
    // What is left is good for another answer.
    std::vector<TokenId> more = prompt;
    more.insert(more.end(), got.tokens.begin(), got.tokens.end());
    more.push_back(3);
    if (more.size() > 120) continue;
    const GenerateOptions next = {.max_tokens = 4, .sampler = {.temperature = 0}};
    EXPECT_EQ(Run(more, next, 15, fast).tokens, Run(more, next, 0, plain).tokens) << seed;
  }
  EXPECT_EQ(tokens - passes, accepted);
  if (std::string(GetParam()) == "llama-dynamic") {
    EXPECT_EQ(drafted, 0u);  // whose bits depend on the pieces
  } else {
    EXPECT_GT(accepted, 0u) << drafted;
    EXPECT_GT(drafted, accepted);
  }
}

}  // namespace
}  // namespace hlwq::runtime
