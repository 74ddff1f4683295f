// A model that reads its experts as it goes against the same model with all of them mapped.
#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "codec/codec.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"
#include "runtime/engine.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kTokens = 24;

// Of one sequence, taken in passes of `step` tokens.
std::vector<float> Logits(Engine& engine, size_t step) {
  std::vector<TokenId> tokens(kTokens);
  for (size_t token = 0; token < kTokens; ++token) {
    tokens[token] = static_cast<TokenId>(MixBits(token) % engine.config().sizes.vocab);
  }
  SequenceState state(engine.config(), {.dtype = DType::kF32, .capacity = kTokens});
  std::vector<float> logits;
  for (size_t begin = 0; begin < kTokens; begin += step) {
    engine.Feed(state, std::span(tokens).subspan(begin, std::min(step, kTokens - begin)),
                model::LogitsOf::kAll, [&](size_t, std::span<const float> row) {
                  logits.insert(logits.end(), row.begin(), row.end());
                });
  }
  return logits;
}

struct Case {
  std::string model;       // of tests/golden
  std::string codec = {};  // empty: floats as they are
};

void PrintTo(const Case& test_case, std::ostream* out) {
  *out << test_case.model << ' ' << test_case.codec;
}

class CachedModel : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    path_ = test::Golden("good/models/" + GetParam().model);
    if (GetParam().codec.empty()) return;
    convert::QuantizeOptions options;
    options.recipe.recipe = "uniform";
    options.recipe.bits = 4;
    options.recipe.embedding_bits = 4;
    options.codec = codec::DefaultSpec(GetParam().codec);
    options.codec.bits = 4;
    convert::Quantize(checkpoint::OpenCheckpoint(path_), dir_ / "coded", options,
                      kernels::CpuBackend());
    path_ = dir_ / "coded";
  }

  test::TempDir dir_;
  std::filesystem::path path_;
};

TEST_P(CachedModel, ComputesTheSameBitsForEveryPolicyAndSize) {
  Engine engine(path_, {.threads = 2});
  const std::vector<float> whole = Logits(engine, kTokens), single = Logits(engine, 1);
  engine.CacheExperts({.size = SlotsPerLayer{1}});
  const uint64_t slot_bytes = engine.expert_cache()->slot_bytes();
  // From one slot, fewer than a token has experts, to all of them.
  const std::vector<decltype(ExpertCacheOptions::size)> sizes = {
      SlotsPerLayer{1},           SlotsPerLayer{2},      SlotsPerLayer{3},
      SlotsPerLayer{100},         PoolBytes{slot_bytes}, PoolBytes{4 * slot_bytes},
      PoolBytes{100 * slot_bytes}};
  for (const EvictionPolicy policy : kEvictionPolicies) {
    for (const auto& size : sizes) {
      for (const bool has_prefetch : {false, true}) {
        engine.CacheExperts({.size = size, .policy = policy, .has_prefetch = has_prefetch});
        ASSERT_EQ(Logits(engine, kTokens), whole);  // a pass wants more than most sizes hold
        ASSERT_EQ(Logits(engine, 1), single);
        const ExpertCacheStatistics statistics = engine.expert_cache()->statistics();
        EXPECT_GT(statistics.misses, 0u);
        if (!has_prefetch) {
          EXPECT_EQ(statistics.prefetched, 0u);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, CachedModel,
                         ::testing::Values(Case{"qwen3-moe"}, Case{"qwen3_next"},
                                           Case{"qwen3_5_moe"}, Case{"qwen3-moe", "hlwq"},
                                           Case{"qwen3_next", "hlwq-t"},
                                           Case{"qwen3_5_moe", "hlwq"}));

}  // namespace
}  // namespace hlwq::runtime
