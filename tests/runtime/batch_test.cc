// One pass over pieces of several sequences, and what the cuts of a sequence change.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/engine.h"
#include "tests/runtime/run_model.h"
#include "tests/support/allocation_count.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

using Logits = std::vector<float>;

struct Source {
  std::string folder;
  bool is_shared = false;
  test::Coding coding = {"", 0};  // with bits: it is coded first
};

void PrintTo(const Source& source, std::ostream* out) { *out << source.folder; }

std::string SourceName(const ::testing::TestParamInfo<Source>& info) {
  const Source& source = info.param;
  std::string name = std::filesystem::path(source.folder).filename().string();
  if (source.is_shared) name = "shared_" + name;
  if (source.coding.bits != 0) name += "_" + test::Name(source.coding);
  return test::TestName(name);
}

class BatchOf : public ::testing::TestWithParam<Source> {
 protected:
  void SetUp() override {
    const Source& source = GetParam();
    std::filesystem::path path =
        source.is_shared ? test::SharedData(source.folder) : test::Golden(source.folder);
    if (source.is_shared) HLWQ_REQUIRE_SHARED(path);
    if (source.coding.bits != 0) {
      test::Quantized(path, dir_ / "coded", source.coding);
      path = dir_ / "coded";
    }
    engine_ = std::make_unique<Engine>(path, EngineOptions{.threads = 2});
  }

  std::vector<TokenId> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, engine_->config().sizes.vocab - 4, seed);
  }
  SequenceState MakeState() const {
    return engine_->MakeState({.format = DType::kF32, .capacity = 160});
  }
  bool is_recurrent() const { return MakeState().is_recurrent(); }
  // RoPE that is scaled dynamically looks at the length of a piece.
  bool depends_on_length() const { return GetParam().folder.ends_with("llama-dynamic"); }

  Logits Feed(SequenceState& state, std::span<const TokenId> tokens) {
    return Step({Work{&state, tokens, model::LogitsOf::kAll}}).front();
  }
  // The logits of each piece, one token after the other.
  std::vector<Logits> Step(const std::vector<Work>& work) {
    std::vector<Logits> logits(work.size());
    engine_->Step(work, [&](size_t piece, size_t token, std::span<const float> row) {
      EXPECT_EQ(logits[piece].size(),
                work[piece].logits_of == model::LogitsOf::kAll ? token * row.size() : 0);
      logits[piece].insert(logits[piece].end(), row.begin(), row.end());
    });
    return logits;
  }
  // Those of a fresh sequence that is fed in pieces of these sizes, the last one over and over.
  Logits InPieces(std::span<const TokenId> tokens, std::vector<size_t> sizes) {
    SequenceState state = MakeState();
    Logits logits;
    for (size_t piece = 0; state.length() < tokens.size(); ++piece) {
      const size_t size = sizes[std::min(piece, sizes.size() - 1)];
      const size_t count = std::min(size, tokens.size() - state.length());
      const Logits rows = Feed(state, tokens.subspan(state.length(), count));
      logits.insert(logits.end(), rows.begin(), rows.end());
    }
    return logits;
  }

  // Sequences of `earlier` tokens get pieces of `now` in one pass: each as if alone.
  void ExpectAsAlone(const std::vector<size_t>& earlier, const std::vector<size_t>& now);

  test::TempDir dir_;
  std::unique_ptr<Engine> engine_;
};

void BatchOf::ExpectAsAlone(const std::vector<size_t>& earlier, const std::vector<size_t>& now) {
  std::vector<SequenceState> together, alone;
  std::vector<std::vector<TokenId>> tokens;
  for (size_t index = 0; index < earlier.size(); ++index) {
    tokens.push_back(Tokens(earlier[index] + now[index], static_cast<unsigned>(index)));
    for (auto* states : {&together, &alone}) {
      states->push_back(MakeState());
      Feed(states->back(), std::span(tokens.back()).first(earlier[index]));
    }
  }
  std::vector<Work> work;
  for (size_t index = 0; index < earlier.size(); ++index) {
    work.push_back({&together[index], std::span(tokens[index]).subspan(earlier[index]),
                    model::LogitsOf::kAll});
  }
  const std::vector<Logits> got = Step(work);
  for (size_t index = 0; index < earlier.size(); ++index) {
    EXPECT_EQ(got[index], Feed(alone[index], work[index].tokens)) << "piece " << index;
  }
  // What the pass left in the states serves to go on.
  const std::vector<TokenId> next = Tokens(3, 100);
  for (size_t index = 0; index < earlier.size(); ++index) {
    EXPECT_EQ(Feed(together[index], next), Feed(alone[index], next)) << "after piece " << index;
  }
}

TEST_P(BatchOf, PiecesOfAnySizeHasTheBitsOfEachAlone) {
  ExpectAsAlone({0, 0}, {31, 18});
  ExpectAsAlone({20, 0}, {1, 33});
  ExpectAsAlone({7, 25, 0, 3}, {14, 1, 17, 2});
  ExpectAsAlone({0, 30, 64, 1, 2}, {40, 16, 1, 0, 35});
}

TEST_P(BatchOf, SingleTokensHasTheBitsOfEachAlone) {
  for (size_t sequences = 1; sequences <= 18; ++sequences) {
    std::vector<size_t> earlier, now(sequences, 1);
    for (size_t index = 0; index < sequences; ++index) earlier.push_back(3 * index % 20);
    ExpectAsAlone(earlier, now);
  }
}

TEST_P(BatchOf, OnePieceHasTheBitsOfSingleTokensUpTo16) {
  if (depends_on_length()) GTEST_SKIP() << "scaled by the length of a piece, as in transformers";
  const std::vector<TokenId> tokens = Tokens(45, 1);
  const Logits want = InPieces(tokens, {1});
  for (const size_t size : {2, 7, 15, 16}) EXPECT_EQ(InPieces(tokens, {size}), want) << size;
  EXPECT_EQ(InPieces(tokens, {3, 16, 1, 9}), want);
}

TEST_P(BatchOf, OneLongPieceHasTheBitsOfLongOnesCutAtMultiplesOf16) {
  if (depends_on_length()) GTEST_SKIP() << "scaled by the length of a piece, as in transformers";
  const std::vector<TokenId> tokens = Tokens(101, 1);
  const Logits want = InPieces(tokens, {101});
  for (const size_t first : {32, 48, 64, 80}) {
    EXPECT_EQ(InPieces(tokens, {first, 101}), want) << first;
  }
  EXPECT_EQ(InPieces(tokens, {32, 48, 21}), want);
  if (is_recurrent()) return;
  for (const size_t first : {17, 33, 50, 83}) {
    EXPECT_EQ(InPieces(tokens, {first, 101}), want) << first;
  }
}

TEST_P(BatchOf, AnyCutsIsCloseToSingleTokens) {
  if (depends_on_length()) GTEST_SKIP() << "scaled by the length of a piece, as in transformers";
  const std::vector<TokenId> tokens = Tokens(70, 1);
  const Logits want = InPieces(tokens, {1});
  for (const size_t size : {17, 30, 70}) {
    const Logits got = InPieces(tokens, {size});
    if (GetParam().coding.bits == 0) {
      EXPECT_LT(test::RelativeDifference(got, want), 2e-4) << size;
    } else {  // another order of additions may round activations to other integers
      EXPECT_GT(test::MedianSnrDb(want, got, engine_->config().sizes.vocab), 30) << size;
    }
  }
}

TEST_P(BatchOf, SequencesHasTheLastLogitsOfEach) {
  const std::vector<TokenId> tokens = Tokens(40, 1);
  std::vector<SequenceState> states;
  for (int index = 0; index < 4; ++index) states.push_back(MakeState());
  const auto part = [&](size_t begin, size_t count) {
    return std::span(tokens).subspan(begin, count);
  };
  const std::vector<Logits> last = Step({{&states[0], part(0, 5), model::LogitsOf::kLast},
                                         {&states[1], part(2, 30), model::LogitsOf::kLast},
                                         {&states[2], part(0, 4), model::LogitsOf::kNone},
                                         {&states[3], part(7, 3), model::LogitsOf::kAll}});
  EXPECT_TRUE(last[2].empty());
  const size_t vocabulary = engine_->config().sizes.vocab;
  EXPECT_EQ(last[3].size(), 3 * vocabulary);
  for (const auto& [index, begin, count] :
       {std::array<size_t, 3>{0, 0, 5}, std::array<size_t, 3>{1, 2, 30}}) {
    const Logits all = InPieces(part(begin, count), {count});
    const std::span want = std::span(all).last(vocabulary);
    EXPECT_LT(test::RelativeDifference(last[index], want), 1e-5) << index;
  }
}

TEST_P(BatchOf, SequencesAllocatesNothingInPassesOfAnySize) {
  const std::vector<TokenId> tokens = Tokens(60, 1);
  SequenceState first = MakeState(), second = MakeState();
  float sum = 0;
  const auto run = [&](size_t of_first, size_t of_second) {
    const std::array work = {
        Work{&first, std::span(tokens).first(of_first), model::LogitsOf::kAll},
        Work{&second, std::span(tokens).first(of_second), model::LogitsOf::kAll}};
    engine_->Step(work, [&](size_t, size_t, std::span<const float> row) { sum += row[0]; });
  };
  run(50, 10);
  run(1, 1);
  const size_t before = test::AllocationCount();
  run(1, 0);
  run(20, 13);
  run(2, 0);
  run(1, 1);
  run(27, 0);
  EXPECT_EQ(test::AllocationCount(), before);
  EXPECT_FALSE(std::isnan(sum));
}

TEST_P(BatchOf, PiecesWithoutRoomChangesNothing) {
  SequenceState first = MakeState(), second = MakeState();
  const std::vector<TokenId> tokens = Tokens(200, 1);
  Feed(first, std::span(tokens).first(20));
  EXPECT_THROW(Step({{&first, std::span(tokens).first(3)}, {&second, tokens}}), Error);
  EXPECT_EQ(first.length(), 20u);
  EXPECT_EQ(second.length(), 0u);
  const std::vector<TokenId> unknown = {1, -1};
  EXPECT_THROW(Step({{&first, std::span(tokens).first(3)}, {&second, unknown}}), Error);
  EXPECT_EQ(first.length(), 20u);
}

std::vector<Source> OwnModels() {
  std::vector<Source> sources;
  for (const char* name :
       {"llama-linear", "llama-dynamic", "llama-yarn", "llama-yarn-exact", "llama-llama3",
        "llama-biases", "mistral-window", "qwen2-windows", "qwen3-odd", "qwen3-moe",
        "qwen3-moe-normed", "qwen3_next", "qwen3_5", "qwen3_5_moe"}) {
    sources.push_back({.folder = std::string("good/models/") + name});
  }
  return sources;
}

std::vector<Source> CodedModels() {
  std::vector<Source> sources;
  for (const char* name : {"qwen3-odd", "qwen3-moe", "qwen3_5_moe"}) {
    for (const test::Coding coding : {test::Coding{"hlwq", 5}, test::Coding{"hlwq", 7},
                                      test::Coding{"hlwq-t", 4}, test::Coding{"hlwq-t", 6}}) {
      sources.push_back({.folder = std::string("good/models/") + name, .coding = coding});
    }
  }
  return sources;
}

std::vector<Source> SharedModels() {
  std::vector<Source> sources;
  for (const char* name :
       {"golden/llama-tied", "golden/llama-rope3", "golden/mistral-swa", "golden/qwen2",
        "golden/qwen3", "golden/qwen3-moe", "golden/qwen3_next", "golden/qwen3_5",
        "golden/qwen3_5_moe", "golden/qwen3_5_moe-text", "models/stories260k"}) {
    sources.push_back({.folder = name, .is_shared = true});
  }
  return sources;
}

INSTANTIATE_TEST_SUITE_P(Own, BatchOf, ::testing::ValuesIn(OwnModels()), SourceName);
INSTANTIATE_TEST_SUITE_P(Coded, BatchOf, ::testing::ValuesIn(CodedModels()), SourceName);
INSTANTIATE_TEST_SUITE_P(Shared, BatchOf, ::testing::ValuesIn(SharedModels()), SourceName);

}  // namespace
}  // namespace hlwq::runtime
