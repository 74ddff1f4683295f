// Sequences whose keys and values are coded: what a token sees depends on its position alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "checkpoint/open_synthetic.h"
#include "convert/dequantize.h"
#include "kernels/cpu_backend.h"
#include "runtime/engine.h"
#include "runtime/sequence.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kPage = KvLayout::kPageTokens;
constexpr size_t kCapacity = 8 * kPage;

nlohmann::json DenseConfig() {
  return {{"model_type", "llama"},    {"hidden_size", 64},        {"intermediate_size", 96},
          {"num_hidden_layers", 3},   {"num_attention_heads", 4}, {"num_key_value_heads", 2},
          {"head_dim", 32},           {"vocab_size", 300},        {"max_position_embeddings", 1024},
          {"rms_norm_eps", 1e-5},     {"rope_theta", 10000.0},    {"tie_word_embeddings", true},
          {"torch_dtype", "bfloat16"}};
}

// A dense model and a hybrid one, and a format.
class CodedKv : public ::testing::TestWithParam<std::tuple<bool, const char*>> {
 protected:
  void SetUp() override {
    std::filesystem::path path = test::Golden("good/models/qwen3_5");
    if (is_dense()) {
      path = dir_ / "dense";
      convert::DequantizeOptions options;
      options.dtype = DType::kF32;
      convert::Dequantize(checkpoint::OpenSynthetic(DenseConfig(), 3, 0), path, options,
                          kernels::CpuBackend());
    }
    engine_ = std::make_unique<Engine>(path, EngineOptions{.threads = 2});
    pools_ = std::make_unique<KvPools>(engine_->config(), format(),
                                       KvPoolOptions{.poisons_freed = true});
    snapshots_ = std::make_unique<StateSnapshots>(engine_->config(), uint64_t{1} << 20);
  }
  static bool is_dense() { return std::get<0>(GetParam()); }
  static KvFormat format() { return KvFormat::Parse(std::get<1>(GetParam())); }

  std::vector<TokenId> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, engine_->config().sizes.vocab - 4, seed);
  }
  SequenceState MakeState() {
    return SequenceState(engine_->config(), *pools_, *snapshots_, kCapacity);
  }
  // The logits after each of `tokens`, which the state takes in pieces of these sizes, the last one over
  // and over.
  std::vector<float> InPieces(SequenceState& state, std::span<const TokenId> tokens,
                              const std::vector<size_t>& sizes) {
    std::vector<float> logits;
    for (size_t piece = 0, done = 0; done < tokens.size(); ++piece) {
      const size_t size = sizes[std::min(piece, sizes.size() - 1)];
      const auto part = tokens.subspan(done, std::min(size, tokens.size() - done));
      const auto rows = test::Continue(*engine_, state, part);
      logits.insert(logits.end(), rows.begin(), rows.end());
      done += part.size();
    }
    return logits;
  }
  std::vector<float> Fresh(std::span<const TokenId> tokens, const std::vector<size_t>& sizes) {
    SequenceState state = MakeState();
    return InPieces(state, tokens, sizes);
  }
  // The rows of logits from token `first` on.
  std::vector<float> RowsFrom(const std::vector<float>& logits, size_t first) const {
    const size_t width = engine_->config().sizes.vocab;
    return {logits.begin() + static_cast<ptrdiff_t>(first * width), logits.end()};
  }

  test::TempDir dir_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<KvPools> pools_;
  std::unique_ptr<StateSnapshots> snapshots_;
};

TEST_P(CodedKv, DoesNotDependOnHowTokensCome) {
  const auto tokens = Tokens(5 * kPage + 9, 1);
  const auto single = Fresh(tokens, {1});
  EXPECT_EQ(Fresh(tokens, {16}), single);
  EXPECT_EQ(Fresh(tokens, {5, 16, 1, 7}), single);
  const auto long_ones = Fresh(tokens, {tokens.size()});
  EXPECT_EQ(Fresh(tokens, {160, 32}), long_ones);
  EXPECT_EQ(Fresh(tokens, {64}), long_ones);
  EXPECT_EQ(Fresh(tokens, {96, 128}), long_ones);
}

TEST_P(CodedKv, IsCloseToFloats) {
  const auto tokens = Tokens(5 * kPage, 1);
  const auto coded = Fresh(tokens, {tokens.size()});
  SequenceState floats = test::FullPrecisionState(*engine_, kCapacity);
  const auto want = InPieces(floats, tokens, {tokens.size()});
  EXPECT_LT(test::RelativeDifference(coded, want), 1);
  EXPECT_GT(test::MedianSnrDb(want, coded, engine_->config().sizes.vocab), 12);
  EXPECT_NE(coded, want);
  // The first page is not coded.
  const size_t first = kPage * engine_->config().sizes.vocab;
  EXPECT_LT(test::RelativeDifference(std::span(coded).first(first), std::span(want).first(first)),
            0.01);
}

TEST_P(CodedKv, OfForksIsThatOfCopies) {
  for (const size_t length :
       {size_t{0}, size_t{21}, kPage, 2 * kPage - 1, 2 * kPage, 3 * kPage + 5}) {
    const auto trunk = Tokens(length, 1), left = Tokens(90, 2), right = Tokens(kPage + 40, 3);
    SequenceState state = MakeState(), fork = MakeState();
    InPieces(fork, Tokens(2 * kPage + 5, 4), {48});  // is forgotten
    InPieces(state, trunk, {16});
    fork.ForkFrom(state);
    std::vector<TokenId> with_left = trunk, with_right = trunk;
    with_left.insert(with_left.end(), left.begin(), left.end());
    with_right.insert(with_right.end(), right.begin(), right.end());
    EXPECT_EQ(InPieces(state, left, {16}), RowsFrom(Fresh(with_left, {16}), length)) << length;
    EXPECT_EQ(InPieces(fork, right, {16}), RowsFrom(Fresh(with_right, {16}), length)) << length;
  }
}

TEST_P(CodedKv, GoesBackToWhereItWas) {
  const auto tokens = Tokens(5 * kPage + 20, 1), other = Tokens(6 * kPage, 2);
  for (const size_t length : {size_t{30}, kPage + 17, 3 * kPage, 4 * kPage + 50, 5 * kPage + 3}) {
    SequenceState state = MakeState();
    InPieces(state, std::span(tokens).first(length), {16});
    state.Remember();
    InPieces(state, std::span(other).subspan(length), {16});
    const size_t kept = state.Rewind(length);
    if (state.is_recurrent()) {
      EXPECT_EQ(kept, length);
    } else {
      EXPECT_GE(kept, length / kPage * kPage);
    }
    EXPECT_EQ(InPieces(state, std::span(tokens).subspan(kept), {16}),
              RowsFrom(Fresh(tokens, {16}), kept))
        << length;
    EXPECT_EQ(state.Rewind(0), 0u);
  }
}

TEST_P(CodedKv, GoesBackByAFewTokensWithoutReadingAnythingAgain) {
  const auto tokens = Tokens(4 * kPage, 1), draft = Tokens(15, 2);
  for (const size_t length : {kPage - 3, 2 * kPage - 7, 2 * kPage, 3 * kPage - 1}) {
    SequenceState state = MakeState();
    InPieces(state, std::span(tokens).first(length), {16});
    state.Mark();
    InPieces(state, draft, {15});
    EXPECT_EQ(state.Rewind(length), length);
    EXPECT_EQ(InPieces(state, std::span(tokens).subspan(length), {16}),
              RowsFrom(Fresh(tokens, {16}), length))
        << length;
  }
}

TEST_P(CodedKv, TakesThePagesThatItsLayoutSays) {
  SequenceState state = MakeState();
  InPieces(state, Tokens(kPage * 6 + 5, 1), {48});
  EXPECT_EQ(pools_->coded().pages_in_use(), 5u);
  EXPECT_EQ(pools_->bytes_in_use(), pools_->layout().Bytes(6 * kPage + 5));
  state.Clear();
  EXPECT_EQ(pools_->bytes_in_use(), 0u);
}

TEST_P(CodedKv, WithoutRoomForItAPassChangesNothing) {
  const uint64_t most = pools_->layout().Bytes(2 * kPage + 46);
  KvPools pools(engine_->config(), format(), {.most_bytes = most});
  const auto tokens = Tokens(2 * kPage + 30, 1), more = Tokens(4 * kPage, 2);
  SequenceState state(engine_->config(), pools, *snapshots_, kCapacity);
  const auto start = InPieces(state, tokens, {16});
  EXPECT_THROW(test::Continue(*engine_, state, more), Error);
  EXPECT_EQ(state.length(), tokens.size());
  const auto next = Tokens(16, 3);
  std::vector<TokenId> all = tokens;
  all.insert(all.end(), next.begin(), next.end());
  EXPECT_EQ(InPieces(state, next, {16}), RowsFrom(Fresh(all, {16}), tokens.size()));
}

INSTANTIATE_TEST_SUITE_P(Formats, CodedKv,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Values("k8v8", "k4v3", "k16v2")));

TEST(KvFormat, IsReadAndWritten) {
  for (const char* name : {"f16", "bf16", "f32", "k8v8", "k4v3", "k2v16"}) {
    EXPECT_EQ(KvFormat::Parse(name).name(), name);
  }
  KvFormat format = KvFormat::Parse("k4v2");
  format.SetLayers("0-1=k8v8,-1=k16v4,3=k2v2");
  EXPECT_EQ(format.name(), "k4v2,0-1=k8v8,-1=k16v4,3=k2v2");
  const std::vector<KvBits> want = {{8, 8}, {8, 8}, {4, 2}, {2, 2}, {16, 4}};
  EXPECT_EQ(format.BitsOfLayers(5), want);
  format.SetLayers("-2--1=k3v3");
  EXPECT_EQ(format.BitsOfLayers(3), (std::vector<KvBits>{{4, 2}, {3, 3}, {3, 3}}));
  EXPECT_FALSE(KvFormat::Parse("k16v16").is_coded());
}

TEST(KvFormat, RefusesWhatThereIsNot) {
  for (const char* name : {"", "f8", "k5v4", "k4", "v4", "k4v", "kv", "k4v4x", "K4V4", "k-4v4",
                           "k99999999999v4", "k4 v4"}) {
    EXPECT_THROW(KvFormat::Parse(name), Error) << name;
  }
  KvFormat format = KvFormat::Parse("k4v4");
  for (const char* layers :
       {"", "0", "0=", "0=k5v4", "a=k4v4", "0-=k4v4", "0=k4v4,", "1=k4v4,,2=k4v4", "0..1=k4v4"}) {
    EXPECT_THROW(format.SetLayers(layers), Error) << layers;
  }
  format.SetLayers("5=k8v8");
  EXPECT_THROW(format.BitsOfLayers(5), Error);
  format.SetLayers("2-1=k8v8");
  EXPECT_THROW(format.BitsOfLayers(5), Error);
  KvFormat floats = DType::kF32;
  EXPECT_THROW(floats.SetLayers("0=k8v8"), Error);
}

TEST(KvLayout, RefusesHeadsThatCannotBeCoded) {
  const Engine engine(test::Golden("good/models/qwen3-odd"), {.threads = 1});  // 18 dimensions
  EXPECT_THROW(KvLayout(engine.config(), KvFormat::Parse("k4v4")), Error);
}

}  // namespace
}  // namespace hlwq::runtime
