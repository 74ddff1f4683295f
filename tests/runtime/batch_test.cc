// One pass over the tokens of several sequences.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "checkpoint/checkpoint.h"
#include "model/model.h"
#include "model/workspace.h"
#include "runtime/sequence_state.h"
#include "tests/runtime/run_model.h"
#include "tests/support/allocation_count.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

constexpr KvCacheOptions kStateOptions = {.dtype = DType::kF32, .capacity = 64};

// How many tokens one sequence has in a pass, after how many of its own.
struct Part {
  size_t earlier = 0, tokens = 0;
};

class BatchOf : public ::testing::TestWithParam<const char*> {
 protected:
  std::vector<int32_t> Tokens(size_t count, unsigned seed) const {
    return test::SomeTokens(count, model_.config().sizes.vocab, seed);
  }
  SequenceState MakeState() const { return SequenceState(model_.config(), kStateOptions); }

  // The logits by token of the pass.
  std::map<size_t, std::vector<float>> Forward(std::span<const int32_t> tokens,
                                               std::span<const model::Segment> segments,
                                               model::LogitsOf logits_of) {
    std::map<size_t, std::vector<float>> rows;
    model_.Forward({.tokens = tokens, .segments = segments, .logits_of = logits_of}, work_, pool_,
                   [&](size_t token, std::span<const float> row) {
                     rows[token].assign(row.begin(), row.end());
                   });
    return rows;
  }
  std::map<size_t, std::vector<float>> Feed(SequenceState& state, std::span<const int32_t> tokens) {
    const std::array segments = {state.Next(tokens.size())};
    auto rows = Forward(tokens, segments, model::LogitsOf::kAll);
    state.Advance(tokens.size());
    return rows;
  }

  void ExpectAsApart(std::span<const Part> parts);

  const model::Model model_{
      checkpoint::OpenCheckpoint(test::Golden("good/models/" + std::string(GetParam())))};
  WorkerPool pool_{2};
  model::Workspace work_{model_.config(), 96};
};

void BatchOf::ExpectAsApart(std::span<const Part> parts) {
  std::deque<SequenceState> together, apart;  // they cannot be moved
  std::vector<int32_t> batch;
  std::vector<float> want, want_next;
  std::vector<std::vector<int32_t>> next;
  for (const Part& part : parts) {
    const auto seed = static_cast<unsigned>(together.size());
    const auto earlier = Tokens(part.earlier, seed), now = Tokens(part.tokens, seed + 50);
    for (auto* states : {&together, &apart}) {
      states->emplace_back(model_.config(), kStateOptions);
      if (part.earlier != 0) Feed(states->back(), earlier);
    }
    batch.insert(batch.end(), now.begin(), now.end());
    for (const auto& [token, row] : Feed(apart.back(), now)) {
      want.insert(want.end(), row.begin(), row.end());
    }
    next.push_back(Tokens(3, seed + 100));
    for (const auto& [token, row] : Feed(apart.back(), next.back())) {
      want_next.insert(want_next.end(), row.begin(), row.end());
    }
  }
  std::vector<model::Segment> segments;
  size_t begin = 0;
  for (size_t index = 0; index < parts.size(); ++index) {
    model::Segment segment = together[index].Next(parts[index].tokens);
    segment.begin = begin;
    segment.end = begin += parts[index].tokens;
    segments.push_back(segment);
  }
  std::vector<float> got, got_next;
  for (const auto& [token, row] : Forward(batch, segments, model::LogitsOf::kAll)) {
    EXPECT_EQ(token * row.size(), got.size());
    got.insert(got.end(), row.begin(), row.end());
  }
  EXPECT_LT(test::RelativeDifference(got, want), 2e-4);
  // What the pass left in the states serves to go on.
  for (size_t index = 0; index < parts.size(); ++index) {
    together[index].Advance(parts[index].tokens);
    for (const auto& [token, row] : Feed(together[index], next[index])) {
      got_next.insert(got_next.end(), row.begin(), row.end());
    }
  }
  EXPECT_LT(test::RelativeDifference(got_next, want_next), 2e-4);
}

TEST_P(BatchOf, TwoPromptsGivesWhatEachGivesAlone) {
  ExpectAsApart(std::array{Part{0, 31}, Part{0, 18}});
}

TEST_P(BatchOf, AnAnswerAndAPromptGivesWhatEachGivesAlone) {
  ExpectAsApart(std::array{Part{20, 1}, Part{0, 33}});
  ExpectAsApart(std::array{Part{7, 14}, Part{25, 1}});
}

TEST_P(BatchOf, SeveralAnswersGivesWhatEachGivesAlone) {
  ExpectAsApart(std::array{Part{1, 1}, Part{12, 1}, Part{0, 1}, Part{33, 1}, Part{2, 1}});
}

TEST_P(BatchOf, SequencesHasTheLastLogitsOfEach) {
  SequenceState first = MakeState(), second = MakeState();
  const auto tokens = Tokens(9, 1);
  std::array segments = {first.Next(5), second.Next(4)};
  segments[1].begin = 5;
  segments[1].end = 9;
  const auto all = Forward(tokens, segments, model::LogitsOf::kAll);
  first.Clear();
  second.Clear();
  const auto last = Forward(tokens, segments, model::LogitsOf::kLastOfSegment);
  ASSERT_EQ(last.size(), 2u);
  EXPECT_LT(test::RelativeDifference(last.at(4), all.at(4)), 1e-6);
  EXPECT_LT(test::RelativeDifference(last.at(8), all.at(8)), 1e-6);
}

TEST_P(BatchOf, SequencesAllocatesNothingInPassesOfAnySize) {
  SequenceState first = MakeState(), second = MakeState();
  const auto tokens = Tokens(40, 1);
  float sum = 0;
  const auto run = [&](size_t of_first, size_t of_second) {
    std::array segments = {first.Next(of_first), second.Next(of_second)};
    segments[1].begin = of_first;
    segments[1].end = of_first + of_second;
    model_.Forward({.tokens = std::span(tokens).first(of_first + of_second),
                    .segments = std::span(segments).first(of_second == 0 ? 1 : 2),
                    .logits_of = model::LogitsOf::kAll},
                   work_, pool_, [&](size_t, std::span<const float> row) { sum += row[0]; });
    first.Advance(of_first);
    second.Advance(of_second);
  };
  const size_t before = test::AllocationCount();
  run(1, 0);
  run(20, 13);
  run(2, 0);
  run(1, 1);
  run(27, 0);
  const size_t after = test::AllocationCount();
  EXPECT_EQ(after, before);
  EXPECT_FALSE(std::isnan(sum));
}

INSTANTIATE_TEST_SUITE_P(Models, BatchOf,
                         ::testing::Values("qwen3-odd", "qwen3-moe", "qwen3_next", "qwen3_5",
                                           "qwen3_5_moe"),
                         test::ModelTestName);

}  // namespace
}  // namespace hlwq::runtime
