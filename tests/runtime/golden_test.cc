// The whole forward pass against what transformers computes, in float32, from the same files.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "checkpoint/views/fold_rotation.h"
#include "kernels/cpu_backend.h"
#include "runtime/engine.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

using model::LogitsOf;
using test::GoldenTensor;
using test::GoldenTensors;

float LargestMagnitude(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

float LargestDifference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::isnan(a[i]) ? INFINITY : std::abs(a[i] - b[i]));
  }
  return largest;
}

struct Case {
  std::string folder;  // with golden.st
  std::string model;   // file or folder within, "" for the folder
  bool is_shared = false;
  double tolerance = 2e-4;  // of the largest logit
  // Dynamic rotary scaling looks at the length that a token is computed at.
  bool depends_on_chunks = false;
};

void PrintTo(const Case& test_case, std::ostream* out) { *out << test_case.folder; }

class Golden : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& test_case = GetParam();
    folder_ =
        test_case.is_shared ? test::SharedData(test_case.folder) : test::Golden(test_case.folder);
    if (test_case.is_shared) HLWQ_REQUIRE_SHARED(folder_);
    golden_ = std::make_unique<GoldenTensors>(folder_ / "golden.st");
    engine_ = std::make_unique<Engine>(folder_ / test_case.model,
                                       EngineOptions{.threads = 2, .chunk_tokens = chunk_tokens_});
  }

  std::vector<float> Logits(SequenceState& cache, std::span<const TokenId> ids) {
    std::vector<float> logits;
    engine_->Feed(cache, ids, LogitsOf::kAll, [&](size_t, std::span<const float> row) {
      logits.insert(logits.end(), row.begin(), row.end());
    });
    return logits;
  }

  SequenceState MakeCache(DType dtype = DType::kF32) const {
    return engine_->MakeState({.format = dtype, .capacity = 512});
  }

  std::filesystem::path folder_;
  std::unique_ptr<GoldenTensors> golden_;
  std::unique_ptr<Engine> engine_;
  size_t chunk_tokens_ = 0;
};

// In another basis of the residual stream, folded into the weights, in float32.
TEST_P(Golden, AFoldedRotationLeavesTheLogits) {
  checkpoint::Checkpoint folded = checkpoint::OpenCheckpoint(folder_ / GetParam().model);
  checkpoint::FoldRotation(folded, kernels::CpuBackend());
  for (checkpoint::TensorEntry& entry : folded.tensors) {
    const bool is_made = std::holds_alternative<checkpoint::DerivedStorage>(entry.storage);
    if (is_made) entry.dtype = DType::kF32;
  }
  engine_ = std::make_unique<Engine>(std::move(folded), EngineOptions{.threads = 2});
  const GoldenTensor& want = (*golden_)["logits"];
  const size_t tokens = want.shape[1];
  const std::vector<TokenId> ids = golden_->Ids("input_ids");
  SequenceState cache = MakeCache();
  const std::vector<float> got = Logits(cache, std::span(ids).first(tokens));
  EXPECT_LT(LargestDifference(got, std::span(want.values).first(tokens * want.shape[2])),
            GetParam().tolerance * LargestMagnitude(want.values));
}

TEST_P(Golden, LogitsOfWholeSequencesAreTransformers) {
  const GoldenTensor& want = (*golden_)["logits"];
  const std::vector<TokenId> ids = golden_->Ids("input_ids");
  const size_t tokens = want.shape[1];
  const size_t row = tokens * want.shape[2];
  SequenceState cache = MakeCache();
  for (size_t sequence = 0; sequence < want.shape[0]; ++sequence) {
    cache.Clear();
    const std::vector<float> got = Logits(cache, std::span(ids).subspan(sequence * tokens, tokens));
    const auto expected = std::span(want.values).subspan(sequence * row, row);
    EXPECT_LT(LargestDifference(got, expected),
              GetParam().tolerance * LargestMagnitude(want.values))
        << "sequence " << sequence;
  }
}

TEST_P(Golden, LogitsTokenByTokenAreTheSame) {
  const GoldenTensor& want =
      golden_->Has("cached_logits") ? (*golden_)["cached_logits"] : (*golden_)["logits"];
  const size_t vocab = want.shape.back();
  const size_t tokens = want.shape[want.shape.size() - 2];
  const std::vector<TokenId> ids = golden_->Ids("input_ids");
  for (const DType dtype : {DType::kF32, DType::kF16}) {
    SequenceState cache = MakeCache(dtype);
    // Half-precision keys and values: 2^-11 relative on each.
    const double tolerance = GetParam().tolerance * (dtype == DType::kF32 ? 1 : 20);
    for (size_t token = 0; token < tokens; ++token) {
      const std::vector<float> got = Logits(cache, std::span(ids).subspan(token, 1));
      EXPECT_LT(LargestDifference(got, std::span(want.values).subspan(token * vocab, vocab)),
                tolerance * LargestMagnitude(want.values))
          << "token " << token << ", cache " << DTypeName(dtype);
    }
  }
}

TEST_P(Golden, HiddenStatesAreTransformers) {
  if (!golden_->Has("hidden_0")) GTEST_SKIP() << "no hidden states in this golden file";
  const size_t tokens = (*golden_)["hidden_0"].shape[0];
  const std::vector<TokenId> ids = golden_->Ids("input_ids");
  std::vector<std::vector<float>> hidden;
  SequenceState cache = MakeCache();
  engine_->Feed(
      cache, std::span(ids).first(tokens), LogitsOf::kNone, [](size_t, std::span<const float>) {},
      [&](size_t index, std::span<const float> values) {
        EXPECT_EQ(index, hidden.size());
        hidden.emplace_back(values.begin(), values.end());
      });
  const size_t layers = engine_->config().sizes.layers.size();
  ASSERT_EQ(hidden.size(), layers + 2);
  for (size_t index = 0; index < hidden.size(); ++index) {
    const GoldenTensor& want =
        (*golden_)[index <= layers ? "hidden_" + std::to_string(index) : "hidden_norm"];
    EXPECT_LT(LargestDifference(hidden[index], want.values), 1e-4 * LargestMagnitude(want.values))
        << "hidden " << index;
  }
}

TEST_P(Golden, GreedyContinuationIsTransformers) {
  if (!golden_->Has("greedy")) GTEST_SKIP() << "no continuation in this golden file";
  std::vector<TokenId> ids = golden_->Ids("greedy_prompt");
  const std::vector<TokenId> want = golden_->Ids("greedy");
  std::vector<TokenId> got;
  SequenceState cache = MakeCache(DType::kF16);
  while (got.size() < want.size()) {
    engine_->Feed(cache, ids, LogitsOf::kLast, [&](size_t, std::span<const float> row) {
      got.push_back(static_cast<TokenId>(std::max_element(row.begin(), row.end()) - row.begin()));
    });
    ids = {got.back()};
  }
  EXPECT_EQ(got, want);
}

TEST_P(Golden, ChunksOfAPromptDoNotMatter) {
  if (GetParam().depends_on_chunks) GTEST_SKIP() << "by its definition they do";
  const std::vector<TokenId> ids = golden_->Ids("input_ids");
  const size_t tokens = (*golden_)["logits"].shape[1];
  SequenceState cache = MakeCache();
  const std::vector<float> whole = Logits(cache, std::span(ids).first(tokens));
  for (const size_t chunk : {1, 5, 16}) {
    Engine chunked(folder_ / GetParam().model, {.threads = 1, .chunk_tokens = chunk});
    SequenceState other = MakeCache();
    std::vector<float> got;
    chunked.Feed(
        other, std::span(ids).first(tokens), LogitsOf::kAll,
        [&](size_t, std::span<const float> row) { got.insert(got.end(), row.begin(), row.end()); });
    EXPECT_LT(LargestDifference(got, whole), GetParam().tolerance * LargestMagnitude(whole))
        << "chunks of " << chunk;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shared, Golden,
    ::testing::Values(Case{"golden/llama-tied", "", true}, Case{"golden/llama-rope3", "", true},
                      Case{"golden/mistral-swa", "", true}, Case{"golden/qwen2", "", true},
                      Case{"golden/qwen3", "", true}, Case{"golden/qwen3-moe", "", true},
                      Case{"golden/qwen3_next", "", true}, Case{"golden/qwen3_5", "", true},
                      Case{"golden/qwen3_5_moe", "", true},
                      Case{"golden/qwen3_5_moe-text", "", true},
                      Case{"models/stories260k", "", true}));

// Always present: made by make_models.py and make_hybrid_models.py of tools/golden.
INSTANTIATE_TEST_SUITE_P(
    Own, Golden,
    ::testing::Values(Case{"good/models/llama-linear", ""},
                      Case{"good/models/llama-dynamic", "", false, 2e-4, true},
                      Case{"good/models/llama-yarn", ""}, Case{"good/models/llama-yarn-exact", ""},
                      Case{"good/models/llama-llama3", ""}, Case{"good/models/llama-biases", ""},
                      Case{"good/models/mistral-window", ""}, Case{"good/models/qwen2-windows", ""},
                      Case{"good/models/qwen3-odd", ""}, Case{"good/models/qwen3-moe", ""},
                      Case{"good/models/qwen3-moe-normed", ""}, Case{"good/models/qwen3_next", ""},
                      Case{"good/models/qwen3_5", ""}, Case{"good/models/qwen3_5_moe", ""}));

}  // namespace
}  // namespace hlwq::runtime
