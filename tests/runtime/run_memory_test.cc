#include "runtime/run_memory.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/recurrent_state.h"
#include "model/workspace.h"
#include "runtime/engine.h"
#include "runtime/experts/expert_memory.h"
#include "runtime/kv_pages.h"
#include "tests/convert/qwen36_sizes.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

TEST(RunMemory, OfQwen36FollowsFromItsShapes) {
  const model::ModelConfig config = model::ReadModelConfig(test::Qwen36Sizes());
  const RunMemory memory = RunMemoryOf(
      config, {.weight_bytes = 5, .experts = 10'240, .chunk_tokens = 256, .context_tokens = 1000});
  EXPECT_EQ(memory.weight_bytes, 5u);
  EXPECT_EQ(memory.kv_bytes, 10u * 2 * 2 * 256 * 2 * 1024);  // whole pages
  EXPECT_EQ(memory.state_bytes, 2 * 30u * 4 * (32 * 128 * 128 + 3 * 8192));
  EXPECT_EQ(memory.workspace_bytes, model::Workspace::Bytes(config, 256));
  EXPECT_EQ(memory.TotalBytes(), 5 + memory.kv_bytes + memory.state_bytes + memory.workspace_bytes +
                                     memory.overhead_bytes);
}

TEST(RunMemory, KeysAndValuesTakeTheWidthOfTheirType) {
  const model::ModelConfig config = model::ReadModelConfig(test::Qwen36Sizes());
  const RunMemory half = RunMemoryOf(config, {.context_tokens = 64});
  const RunMemory full = RunMemoryOf(config, {.context_tokens = 64, .kv_format = DType::kF32});
  EXPECT_EQ(full.kv_bytes, 2 * half.kv_bytes);
}

TEST(RunMemory, IsCountedForTheContextOfTheModelUpTo4096Tokens) {
  nlohmann::json config = test::Qwen36Sizes();
  EXPECT_EQ(CountedTokens(model::ReadModelConfig(config)), 4096u);
  config["text_config"]["max_position_embeddings"] = 640;
  EXPECT_EQ(CountedTokens(model::ReadModelConfig(config)), 640u);
}

TEST(RunMemory, IsWhatTheExpertCacheLeavesFree) {
  const Engine engine(test::Golden("good/models/qwen3_5_moe"), {.threads = 1});
  const ExpertMemory need = ExpertMemoryOf(engine.model(), engine.chunk_tokens()).value();
  const RunShape shape = {.weight_bytes = engine.model().dense_bytes(),
                          .experts = need.experts,
                          .chunk_tokens = ChunkTokens(engine.config(), 0),
                          .context_tokens = CountedTokens(engine.config())};
  EXPECT_EQ(need.other_bytes, RunMemoryOf(engine.config(), shape).TotalBytes());
}

TEST(RunMemory, ASlotHoldsAnExpertWhereverItBegins) {
  EXPECT_EQ(ExpertSlotBytes(1), 4096u);
  EXPECT_EQ(ExpertSlotBytes(2), 8192u);
  EXPECT_EQ(ExpertSlotBytes(4097), 8192u);
  EXPECT_EQ(ExpertSlotBytes(4098), 12'288u);
}

}  // namespace
}  // namespace hlwq::runtime
