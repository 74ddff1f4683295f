// Sequences of models whose layers all see a window: pages that nobody can see any more are given back.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "checkpoint/open_synthetic.h"
#include "convert/dequantize.h"
#include "kernels/cpu_backend.h"
#include "runtime/engine.h"
#include "runtime/saved_sequence.h"
#include "tests/runtime/run_model.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kPage = KvLayout::kPageTokens;
constexpr size_t kWindow = 150;
constexpr size_t kCapacity = 32 * kPage;

nlohmann::json MistralConfig() {
  return {{"model_type", "mistral"},
          {"hidden_size", 64},
          {"intermediate_size", 96},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"head_dim", 32},
          {"vocab_size", 300},
          {"max_position_embeddings", 4096},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"tie_word_embeddings", true},
          {"sliding_window", kWindow},
          {"torch_dtype", "bfloat16"}};
}

class WindowPages : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    convert::DequantizeOptions options;
    options.dtype = DType::kF32;
    convert::Dequantize(checkpoint::OpenSynthetic(MistralConfig(), 3, 0), dir_ / "model", options,
                        kernels::CpuBackend());
    engine_ = std::make_unique<Engine>(dir_ / "model", EngineOptions{.threads = 2});
    pools_ = std::make_unique<KvPools>(engine_->config(), KvFormat::Parse(GetParam()),
                                       KvPoolOptions{.poisons_freed = true});
    snapshots_ = std::make_unique<StateSnapshots>(engine_->config(), 0);
  }

  SequenceState MakeState() {
    return SequenceState(engine_->config(), *pools_, *snapshots_, kCapacity);
  }
  // The last row of logits after `tokens`, in pieces of `step`.
  std::vector<float> Last(SequenceState& state, std::span<const TokenId> tokens, size_t step) {
    std::vector<float> logits;
    for (size_t done = 0; done < tokens.size(); done += step) {
      logits = test::Continue(*engine_, state,
                              tokens.subspan(done, std::min(step, tokens.size() - done)));
    }
    return {logits.end() - 300, logits.end()};
  }
  // The same where no page was given back before the tokens were done.
  std::vector<float> InOnePass(std::span<const TokenId> tokens) {
    SequenceState state = MakeState();
    return Last(state, tokens, tokens.size());
  }

  test::TempDir dir_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<KvPools> pools_;
  std::unique_ptr<StateSnapshots> snapshots_;
};

TEST_P(WindowPages, AreGivenBackAndNotMissed) {
  const auto tokens = test::SomeTokens(28 * kPage + 5, 290);
  SequenceState state = MakeState();
  for (size_t done = 0; done < tokens.size(); done += kPage) {
    const auto part = std::span(tokens).subspan(done, std::min(kPage, tokens.size() - done));
    Last(state, part, kPage);
    EXPECT_EQ(pools_->bytes_in_use(), pools_->layout().Bytes(state.length())) << done;
  }
  EXPECT_LE(pools_->floats().pages_in_use() + pools_->coded().pages_in_use(), 22u);
  const auto more = test::SomeTokens(3 * kPage, 290, 2);
  std::vector<TokenId> all = tokens;
  all.insert(all.end(), more.begin(), more.end());
  EXPECT_EQ(Last(state, more, more.size()), InOnePass(all));
}

TEST_P(WindowPages, LetASequenceGoBackByALongAnswerButNotFurther) {
  const auto tokens = test::SomeTokens(28 * kPage, 290);
  SequenceState state = MakeState();
  Last(state, tokens, 4 * kPage);
  const size_t back = tokens.size() - KvLayout::kGoBackTokens;
  EXPECT_EQ(state.LengthAfterRewind(back), back);
  EXPECT_EQ(state.LengthAfterRewind(back - 2 * kPage), 0u);
  SequenceState fork = MakeState();
  fork.ForkFrom(state);
  EXPECT_EQ(state.Rewind(back), back);
  EXPECT_EQ(Last(state, std::span(tokens).subspan(back), kPage), InOnePass(tokens));
  EXPECT_EQ(fork.Rewind(back - 2 * kPage), 0u);
  EXPECT_EQ(Last(fork, tokens, kPage), InOnePass(tokens));
}

// A file has the pages that the sequence had: those of the window, and some before.
TEST_P(WindowPages, AreSavedAndLoaded) {
  const auto tokens = test::SomeTokens(28 * kPage, 290);
  const KvCacheOptions options = {.format = KvFormat::Parse(GetParam()), .capacity = kCapacity};
  Sequence sequence(*engine_, options);
  test::Fill(*engine_, sequence, tokens);
  SaveSequence(*engine_, sequence, dir_ / "file");
  const size_t back = tokens.size() - KvLayout::kGoBackTokens;
  for (const size_t common : {tokens.size(), tokens.size() - 300, back + 64, back - 3 * kPage}) {
    auto prompt = test::SomeTokens(common + 100, 290, 7);
    std::ranges::copy(std::span(tokens).first(common), prompt.begin());
    Engine other(dir_ / "model", EngineOptions{.threads = 2});
    Sequence loaded(other, options), fresh(other, options);
    const size_t kept =
        LoadSequence(other, loaded, File::OpenForRead(dir_ / "file"), prompt, LoadRule::kExact)
            .kept_tokens;
    EXPECT_EQ(kept == 0, common < back) << common;
    test::Fill(other, loaded, prompt);
    test::Fill(other, fresh, prompt);
    EXPECT_TRUE(std::ranges::equal(loaded.logits(), fresh.logits())) << common;
    for (const size_t length : {prompt.size() - 64, prompt.size() - 1000}) {
      EXPECT_LE(loaded.CouldKeep(length), fresh.CouldKeep(length));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, WindowPages, ::testing::Values("f16", "f32", "k8v4", "k16v2"));

}  // namespace
}  // namespace hlwq::runtime
