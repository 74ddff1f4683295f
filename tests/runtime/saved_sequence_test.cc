// What follows a sequence from a file has the bits that it has without the file.
#include "runtime/saved_sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/engine.h"
#include "tests/runtime/run_model.h"
#include "tests/runtime/small_models.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kCapacity = 448;
constexpr size_t kAnswer = 4;

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b, [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

// A model, a format, and the most tokens of a piece.
class SavedSequence
    : public ::testing::TestWithParam<std::tuple<const char*, const char*, size_t>> {
 protected:
  void SetUp() override {
    model_ = test::SmallModel(std::get<0>(GetParam()), dir_.path());
    engine_ = MakeEngine();
  }
  std::unique_ptr<Engine> MakeEngine() const {
    return std::make_unique<Engine>(model_, EngineOptions{.threads = 1,
                                                          .chunk_tokens = std::get<2>(GetParam()),
                                                          .snapshot_bytes = 1 << 20});
  }
  Sequence MakeSequence(Engine& engine, size_t capacity = kCapacity) const {
    Sequence sequence(engine,
                      {.format = KvFormat::Parse(std::get<1>(GetParam())), .capacity = capacity});
    sequence.NoteSeveral(true);
    return sequence;
  }
  std::vector<TokenId> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, engine_->config().sizes.vocab - 4, seed);
  }
  // `common` tokens of `prompt`, then others, `size` in all.
  std::vector<TokenId> Other(std::span<const TokenId> prompt, size_t common, size_t size) const {
    std::vector<TokenId> other = Tokens(size, 99);
    std::ranges::copy(prompt.first(common), other.begin());
    if (common < size && common < prompt.size() && other[common] == prompt[common]) {
      other[common] = other[common] == 5 ? 6 : 5;
    }
    return other;
  }
  // The logits after a prompt and after each token of an answer to it.
  std::vector<float> Answer(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt) {
    test::Fill(engine, sequence, prompt);
    std::vector<float> all(sequence.logits().begin(), sequence.logits().end());
    for (const TokenId token : Tokens(kAnswer, 5)) {
      const auto logits = test::Append(engine, sequence, token);
      all.insert(all.end(), logits.begin(), logits.end());
    }
    return all;
  }
  LoadedSequence Load(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
                      LoadRule rule = LoadRule::kExact) {
    return LoadSequence(engine, sequence, File::OpenForRead(file_), prompt, rule);
  }
  // Loads what the file has of a prompt, and compares all that follows. Returns how much that was.
  size_t Compare(std::span<const TokenId> prompt) {
    const auto engine = MakeEngine();  // as another program
    Sequence sequence = MakeSequence(*engine), fresh = MakeSequence(*engine);
    const LoadedSequence loaded = Load(*engine, sequence, prompt);
    EXPECT_EQ(sequence.tokens().size(), loaded.kept_tokens);
    EXPECT_LE(loaded.kept_tokens, loaded.common_tokens);
    const auto got = Answer(*engine, sequence, prompt);
    EXPECT_TRUE(SameBits(got, Answer(*engine, fresh, prompt)))
        << loaded.kept_tokens << " of " << prompt.size() << " tokens from " << loaded.file_tokens;
    return loaded.kept_tokens;
  }

  const test::TempDir dir_;
  const std::filesystem::path file_ = dir_ / "sequence";
  std::filesystem::path model_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(SavedSequence, APromptThatBeginsAlikeGetsTheBitsOfReadingItAll) {
  size_t tokens = 0, kept = 0;
  for (const size_t saved : std::vector<size_t>{17, 64, 200}) {
    const std::vector<TokenId> prompt = Tokens(saved, 1);
    Sequence sequence = MakeSequence(*engine_);
    test::Fill(*engine_, sequence, prompt);
    SaveSequence(*engine_, sequence, file_);
    EXPECT_EQ(Compare(prompt), saved);  // with its logits
    for (const size_t common :
         std::vector<size_t>{saved, saved - 1, saved - 3, saved * 2 / 3, saved / 64 * 64}) {
      for (const size_t more : std::vector<size_t>{0, 1, 40}) {
        if (common + more == 0) continue;
        tokens += common;
        kept += Compare(Other(prompt, common, common + more));
      }
    }
  }
  EXPECT_GT(kept * 2, tokens);  // not in vain
}

TEST_P(SavedSequence, WhatWasGeneratedIsNoPartOfAPrompt) {
  const std::vector<TokenId> prompt = Tokens(150, 1);
  Sequence sequence = MakeSequence(*engine_);
  Answer(*engine_, sequence, prompt);
  for (const TokenId token : Tokens(40, 6)) test::Append(*engine_, sequence, token);
  SaveSequence(*engine_, sequence, file_);
  const std::vector<TokenId> all(sequence.tokens().begin(), sequence.tokens().end());
  EXPECT_LE(Compare(Other(all, all.size(), all.size() + 30)), 150u);
  Compare(Other(all, 170, 172));
  Compare(prompt);
}

TEST_P(SavedSequence, WithAllOfItGoesOnAsTheOneThatWasSaved) {
  Sequence sequence = MakeSequence(*engine_);
  Answer(*engine_, sequence, Tokens(150, 1));
  SaveSequence(*engine_, sequence, file_);
  const std::vector<TokenId> all(sequence.tokens().begin(), sequence.tokens().end());
  const std::vector<TokenId> longer = Other(all, all.size(), all.size() + 30);
  const auto engine = MakeEngine();
  Sequence loaded = MakeSequence(*engine);
  EXPECT_EQ(Load(*engine, loaded, longer, LoadRule::kAll).kept_tokens, all.size());
  EXPECT_TRUE(SameBits(Answer(*engine, loaded, longer), Answer(*engine_, sequence, longer)));
  // Without a prompt, too; and it is written as it was read.
  EXPECT_EQ(Load(*engine, loaded, {}).kept_tokens, all.size());
  const std::string before = ReadSmallFile(file_, 1 << 24);
  SaveSequence(*engine, loaded, file_);
  EXPECT_EQ(ReadSmallFile(file_, 1 << 24), before);
}

TEST_P(SavedSequence, AFileOfAPromptThatCameFromAFileIsAsGood) {
  std::vector<TokenId> prompt = Tokens(90, 1);
  Sequence first = MakeSequence(*engine_);
  test::Fill(*engine_, first, prompt);
  SaveSequence(*engine_, first, file_);
  for (const size_t size : std::vector<size_t>{160, 171, 250}) {
    prompt = Other(prompt, prompt.size(), size);
    const auto engine = MakeEngine();
    Sequence sequence = MakeSequence(*engine);
    Load(*engine, sequence, prompt);
    test::Fill(*engine, sequence, prompt);
    SaveSequence(*engine, sequence, file_);
    Compare(Other(prompt, size - 20, size + 20));
  }
  EXPECT_EQ(Compare(prompt), 250u);
}

TEST_P(SavedSequence, GoesBackAndForksAsAnyOther) {
  const std::vector<TokenId> prompt = Tokens(200, 1);
  Sequence sequence = MakeSequence(*engine_);
  test::Fill(*engine_, sequence, prompt);
  SaveSequence(*engine_, sequence, file_);
  const auto engine = MakeEngine();
  Sequence loaded = MakeSequence(*engine), fork = MakeSequence(*engine);
  Load(*engine, loaded, prompt);
  fork.ForkFrom(loaded);
  for (const size_t common : std::vector<size_t>{199, 190, 140, 128, 70}) {
    EXPECT_EQ(loaded.CouldKeep(common), sequence.CouldKeep(common)) << common;
  }
  const std::vector<TokenId> other = Other(prompt, 150, 180);
  EXPECT_TRUE(SameBits(Answer(*engine, loaded, other), Answer(*engine_, sequence, other)));
  EXPECT_TRUE(std::ranges::equal(fork.tokens(), prompt));
}

TEST_P(SavedSequence, OfALongerOneAsMuchAsThereIsRoomFor) {
  const std::vector<TokenId> prompt = Tokens(300, 1);
  Sequence sequence = MakeSequence(*engine_);
  test::Fill(*engine_, sequence, prompt);
  SaveSequence(*engine_, sequence, file_);
  const auto engine = MakeEngine();
  Sequence small = MakeSequence(*engine, 70);
  Load(*engine, small, std::span(prompt).first(60));
  EXPECT_LE(small.tokens().size(), 60u);
  EXPECT_LE(Load(*engine, small, {}).kept_tokens, 70u);
}

// A process that was killed while it wrote leaves its part beside the file.
TEST_P(SavedSequence, WhatAKilledProcessLeftIsNoHindrance) {
  Sequence sequence = MakeSequence(*engine_);
  const std::vector<TokenId> prompt = Tokens(70, 1);
  test::Fill(*engine_, sequence, prompt);
  SaveSequence(*engine_, sequence, file_);
  const std::string whole = ReadSmallFile(file_, 1 << 24);
  WriteFileAtomically(file_.string() + ".partial", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(Compare(prompt), 70u);
  SaveSequence(*engine_, sequence, file_);
  EXPECT_EQ(ReadSmallFile(file_, 1 << 24), whole);
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".partial"));
}

// Beyond the original positions, 16, what a token gets depends on the length of the piece that it came in.
class SavedWhereLengthsAreSeen : public SavedSequence {};

TEST_P(SavedWhereLengthsAreSeen, ItGetsTheBitsOfReadingItAll) {
  for (const size_t saved : std::vector<size_t>{5, 16, 17, 33, 70, 200}) {
    const std::vector<TokenId> prompt = Tokens(saved, 1);
    Sequence sequence = MakeSequence(*engine_);
    test::Fill(*engine_, sequence, prompt);
    SaveSequence(*engine_, sequence, file_);
    EXPECT_EQ(Compare(prompt), saved <= 16 ? saved : 0);
    for (const size_t more : std::vector<size_t>{1, 17, 40}) {
      EXPECT_EQ(Compare(Other(prompt, saved, saved + more)), 0u);
    }
  }
}

std::string ParameterName(const ::testing::TestParamInfo<SavedSequence::ParamType>& info) {
  return test::TestName(std::get<0>(info.param)) + "_" + std::get<1>(info.param) + "_" +
         std::to_string(std::get<2>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Models, SavedSequence,
                         ::testing::Combine(::testing::Values("dense", "qwen3_5", "coded"),
                                            ::testing::Values("f16", "k8v4"),
                                            ::testing::Values(32, 512)),
                         ParameterName);
INSTANTIATE_TEST_SUITE_P(Formats, SavedSequence,
                         ::testing::Values(std::tuple("dense", "f32", 32),
                                           std::tuple("qwen3_5", "bf16", 32),
                                           std::tuple("qwen3_5", "k4v16", 512),
                                           std::tuple("qwen3-moe", "f16", 32),
                                           std::tuple("qwen3_next", "f16", 512)),
                         ParameterName);
INSTANTIATE_TEST_SUITE_P(Models, SavedWhereLengthsAreSeen,
                         ::testing::Combine(::testing::Values("llama-dynamic"),
                                            ::testing::Values("f16"), ::testing::Values(32, 512)),
                         ParameterName);

}  // namespace
}  // namespace hlwq::runtime
