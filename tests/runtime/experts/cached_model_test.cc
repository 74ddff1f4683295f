// Whatever part of its experts is in memory, a model computes the same, to the last bit.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "runtime/engine.h"
#include "runtime/experts/expert_layout.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkTokens = 24, kPromptTokens = 60, kAnswerTokens = 20;

struct Source {
  std::string_view model;
  std::optional<test::Coding> coding;  // nothing: as it is
};

std::string NameOf(const Source& source) {
  const std::string name = test::TestName(std::string(source.model));
  return source.coding ? name + "_" + test::Name(*source.coding) : name;
}

void PrintTo(const Source& source, std::ostream* out) { *out << NameOf(source); }

class CachedModel : public ::testing::TestWithParam<Source> {
 protected:
  void SetUp() override {
    folder_ = test::Golden("good/models") / GetParam().model;
    if (GetParam().coding) {
      test::Quantized(folder_, dir_ / "coded", *GetParam().coding);
      folder_ = dir_ / "coded";
    }
    engine_ = MakeEngine();
    for (const auto& layer : engine_->model().experts()) {
      for (const model::ExpertMatrices& expert : layer) {
        ASSERT_EQ(std::holds_alternative<kernels::DenseMatrix>(expert.down), !GetParam().coding);
      }
    }
    tokens_ = test::SomeTokens(kPromptTokens + kAnswerTokens, engine_->config().sizes.vocab);
    want_ = Run(*engine_);
  }

  std::unique_ptr<Engine> MakeEngine(int threads = 1) const {
    return std::make_unique<Engine>(
        folder_, EngineOptions{.threads = threads, .chunk_tokens = kChunkTokens});
  }

  // A prompt in chunks, then token by token.
  std::vector<float> Run(Engine& engine) const {
    SequenceState state = test::FullPrecisionState(engine, tokens_.size());
    const std::span all(tokens_);
    std::vector<float> logits = test::Continue(engine, state, all.first(kPromptTokens));
    for (size_t token = kPromptTokens; token < all.size(); ++token) {
      const auto row = test::Continue(engine, state, all.subspan(token, 1));
      logits.insert(logits.end(), row.begin(), row.end());
    }
    return logits;
  }

  size_t experts() const { return engine_->config().sizes.experts; }
  uint64_t slot_bytes() const {
    const model::Model& model = engine_->model();
    return ExpertLayout(model.experts(), [&](auto bytes) { return model.RangeOf(bytes); })
        .slot_bytes();
  }

  std::vector<decltype(ExpertCacheOptions::size)> Sizes() const {
    std::vector<decltype(ExpertCacheOptions::size)> sizes;
    for (const size_t slots : {size_t{1}, size_t{2}, size_t{3}, experts() - 1, experts()}) {
      sizes.emplace_back(SlotsPerLayer{slots});
    }
    for (const size_t slots : {1, 2, 5}) sizes.emplace_back(PoolBytes{slots * slot_bytes()});
    return sizes;
  }

  test::TempDir dir_;
  fs::path folder_;
  std::unique_ptr<Engine> engine_;
  std::vector<TokenId> tokens_;
  std::vector<float> want_;
};

TEST_P(CachedModel, GivesTheSameBitsForEveryPolicyAndSize) {
  for (const EvictionPolicy policy : kEvictionPolicies) {
    for (const auto& size : Sizes()) {
      for (const bool has_prefetch : {false, true}) {
        engine_->CacheExperts({.size = size, .policy = policy, .has_prefetch = has_prefetch});
        // As vectors of float compare: no logit is NaN, or this fails.
        EXPECT_TRUE(Run(*engine_) == want_)
            << EvictionPolicyName(policy) << ", " << engine_->expert_cache()->slots() << " slots"
            << (has_prefetch ? ", prefetch" : "");
      }
    }
  }
}

TEST_P(CachedModel, GivesTheSameBitsFromEveryReaderOnSeveralThreads) {
  const auto engine = MakeEngine(3);
  for (const io::ReaderKind kind : {io::ReaderKind::kThreads, io::ReaderKind::kRing}) {
    for (const size_t slots : {size_t{1}, size_t{3}}) {
      try {
        engine->CacheExperts({.size = SlotsPerLayer{slots},
                              .reader = {.kind = kind, .queue_depth = 3, .piece_bytes = 4096}});
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
        ASSERT_EQ(kind, io::ReaderKind::kRing);  // the system may not have it
        continue;
      }
      ASSERT_EQ(engine->expert_cache()->reader_kind(), kind);
      EXPECT_TRUE(Run(*engine) == want_) << io::ReaderKindName(kind) << ", " << slots;
    }
  }
}

TEST_P(CachedModel, ReadsAgainWhatDidNotStay) {
  engine_->CacheExperts({.size = SlotsPerLayer{1}, .has_prefetch = false});
  Run(*engine_);
  const ExpertCacheStatistics small = engine_->expert_cache()->statistics();
  engine_->CacheExperts({.size = SlotsPerLayer{experts()}, .has_prefetch = false});
  Run(*engine_);
  const ExpertCacheStatistics large = engine_->expert_cache()->statistics();
  const size_t all = engine_->expert_cache()->slots();  // each is used by some token
  EXPECT_EQ(large.misses, all);
  EXPECT_EQ(large.evictions, 0u);
  EXPECT_EQ(small.hits + small.misses, large.hits + large.misses);
  // Each token of the answer wants top_k experts of a layer, of which one at most is there.
  const size_t top_k = engine_->config().sizes.top_k;
  EXPECT_GE(small.misses, kAnswerTokens * (top_k - 1) * all / experts());
}

TEST_P(CachedModel, ReadsNothingTwiceWhereAllFits) {
  engine_->CacheExperts({.size = SlotsPerLayer{experts()}, .has_prefetch = true});
  for (int times = 0; times < 2; ++times) Run(*engine_);
  const ExpertCacheStatistics statistics = engine_->expert_cache()->statistics();
  EXPECT_EQ(statistics.misses + statistics.prefetched, engine_->expert_cache()->slots());
  EXPECT_LE(statistics.prefetched_and_used, statistics.prefetched);
}

constexpr test::Coding kBlocks = {"hlwq", 5}, kTrellis = {"hlwq-t", 4};

INSTANTIATE_TEST_SUITE_P(
    Models, CachedModel,
    ::testing::Values(Source{"qwen3-moe", {}}, Source{"qwen3-moe", kBlocks},
                      Source{"qwen3-moe", kTrellis}, Source{"qwen3-moe-normed", {}},
                      Source{"qwen3_next", {}}, Source{"qwen3_next", kBlocks},
                      Source{"qwen3_next", kTrellis}, Source{"qwen3_5_moe", {}},
                      Source{"qwen3_5_moe", kBlocks}, Source{"qwen3_5_moe", kTrellis}),
    [](const auto& test) { return NameOf(test.param); });

}  // namespace
}  // namespace hlwq::runtime
