// Sequences that run at the same time over one cache of experts.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/worker_pool.h"
#include "checkpoint/checkpoint.h"
#include "model/model.h"
#include "model/workspace.h"
#include "runtime/experts/expert_cache.h"
#include "runtime/sequence_state.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kSequences = 6, kTokens = 48, kPassTokens = 12;

// A sequence alone: passes of several tokens, then of one.
std::vector<float> RunAlone(const model::Model& model, model::ExpertSource* experts,
                            std::span<const int32_t> tokens) {
  WorkerPool pool(1);
  model::Workspace work(model.config(), kPassTokens);
  KvPools pages(model.config(), DType::kF32);
  StateSnapshots snapshots(model.config(), 0);
  SequenceState state(model.config(), pages, snapshots, tokens.size());
  std::vector<float> logits;
  while (state.length() < tokens.size()) {
    const size_t count = state.length() < tokens.size() / 2 ? kPassTokens : 1;
    std::array segments = {state.Next(count)};
    segments.front().logits_of = model::LogitsOf::kAll;
    model.Forward(
        {.tokens = tokens.subspan(state.length(), count), .segments = segments, .experts = experts},
        work, pool, [&](size_t, std::span<const float> row) {
          logits.insert(logits.end(), row.begin(), row.end());
        });
    state.Advance(count);
  }
  return logits;
}

class SharedExpertCache : public ::testing::TestWithParam<const char*> {
 protected:
  const model::Model model_{
      checkpoint::OpenCheckpoint(test::Golden("good/models/" + std::string(GetParam())))};
};

TEST_P(SharedExpertCache, SequencesThatOutnumberItsSlotsAllEndAsAlone) {
  std::vector<std::vector<int32_t>> tokens;
  std::vector<std::vector<float>> want;
  for (size_t sequence = 0; sequence < kSequences; ++sequence) {
    tokens.push_back(
        test::SomeTokens(kTokens, model_.config().sizes.vocab, static_cast<unsigned>(sequence)));
    want.push_back(RunAlone(model_, nullptr, tokens.back()));
  }
  for (const EvictionPolicy policy : kEvictionPolicies) {
    for (const size_t slots : {1, 2}) {
      ExpertCache cache(model_.experts(), model_.checkpoint().files,
                        [&](std::span<const std::byte> bytes) { return model_.RangeOf(bytes); },
                        {.size = SlotsPerLayer{slots}, .policy = policy});
      std::vector<std::vector<float>> got(kSequences);
      {
        std::vector<std::jthread> threads;
        for (size_t sequence = 0; sequence < kSequences; ++sequence) {
          threads.emplace_back(
              [&, sequence] { got[sequence] = RunAlone(model_, &cache, tokens[sequence]); });
        }
      }
      for (size_t sequence = 0; sequence < kSequences; ++sequence) {
        EXPECT_TRUE(got[sequence] == want[sequence])
            << EvictionPolicyName(policy) << ", " << slots << " slots, sequence " << sequence;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SharedExpertCache, ::testing::Values("qwen3-moe", "qwen3_5_moe"),
                         test::ModelTestName);

}  // namespace
}  // namespace hlwq::runtime
