#include "convert/run_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "convert/plan.h"
#include "tests/convert/qwen36_sizes.h"

namespace hlwq::convert {
namespace {

using ::testing::HasSubstr;

QuantizePlan PlanOf(const nlohmann::json& config, const RecipeOptions& recipe = {}) {
  return MakePlan(PlanInputFromConfig(config, "config.json"), Recipe::Load(recipe), {});
}

nlohmann::json SmallMoe(bool is_tied) {
  return {{"model_type", "qwen3_moe"},
          {"vocab_size", 100},
          {"hidden_size", 128},
          {"intermediate_size", 256},
          {"num_hidden_layers", 3},
          {"num_attention_heads", 2},
          {"num_key_value_heads", 1},
          {"head_dim", 64},
          {"num_experts", 4},
          {"mlp_only_layers", {0}},
          {"moe_intermediate_size", 128},
          {"tie_word_embeddings", is_tied}};
}

TEST(RunMemory, OfQwen36FollowsFromItsShapes) {
  const RunMemory memory = PlanOf(test::Qwen36Sizes()).run_memory.value();
  constexpr uint64_t kHidden = 2048;
  constexpr uint64_t kFull = 2 * 16 * 256 * kHidden + 2 * 2 * 256 * kHidden + 16 * 256 * kHidden;
  constexpr uint64_t kDelta = 8192 * kHidden + 4096 * kHidden + 4096 * kHidden;
  constexpr uint64_t kShared = 3 * 512 * kHidden;
  constexpr uint64_t kCoded = 10 * kFull + 30 * kDelta + 40 * kShared;  // at 5 + 1/8 bits
  constexpr uint64_t kNorms = 81 * kHidden + 10 * 2 * 256 + 30 * 128;
  constexpr uint64_t kGates = 30 * (2 * 32 * kHidden + 2 * 32);
  constexpr uint64_t kConvolutions = 30 * 8192 * 4;
  constexpr uint64_t kRouters = 40 * (256 + 1) * kHidden;
  constexpr uint64_t kHead = 248'320 * kHidden;
  EXPECT_EQ(memory.weight_bytes,
            kCoded * 82 / 128 + 2 * (kNorms + kGates + kConvolutions + kRouters + kHead));
  EXPECT_EQ(memory.weight_bytes, 1'969'546'496u);
  EXPECT_EQ(memory.embedding_bytes, 2 * kHead);
  EXPECT_EQ(memory.slot_bytes(), 2'015'232u);  // 3 * 512 * 2048 * 82 / 128
  EXPECT_EQ(memory.expert_layers * memory.experts, 10'240u);
  EXPECT_EQ(memory.state_bytes, 30u * 4 * (32 * 128 * 128 + 3 * 8192));
  EXPECT_EQ(memory.kv_bytes, 10u * 2 * 2 * 256 * 2 * 1000);
}

TEST(RunMemory, Qwen36ComesToThePublishedFigures) {
  const QuantizePlan plan = PlanOf(test::Qwen36Sizes());
  const RunMemory& memory = *plan.run_memory;
  constexpr double kGib = 1 << 30;
  // "~20 GB" are the files of codes; "~4 GB" and "~3 GB" slots of 16-bit experts. All in GiB.
  EXPECT_NEAR(static_cast<double>(plan.coded_file_bytes) / kGib, 20, 0.5);
  EXPECT_NEAR(static_cast<double>(SlotMemory(memory, 4).decoded_total_bytes) / kGib, 4, 0.5);
  EXPECT_NEAR(static_cast<double>(SlotMemory(memory, 2).decoded_total_bytes) / kGib, 3, 0.5);
  // Slots of codes.
  EXPECT_EQ(SlotMemory(memory, 4).total_bytes, 2'445'436'160u);
  EXPECT_EQ(SlotMemory(memory, 2).total_bytes, 2'284'217'600u);
  EXPECT_EQ(SlotMemory(memory, 256).cache_bytes, uint64_t{10'240} * 2'015'232);
}

TEST(RunMemory, APoolHoldsWholeExpertsAndNoMoreThanThereAre) {
  const RunMemory memory = PlanOf(test::Qwen36Sizes()).run_memory.value();
  const CacheMemory pool = PoolMemory(memory, 4'000'000'000);
  EXPECT_EQ(pool.slots, 1984u);
  EXPECT_EQ(pool.cache_bytes, 1984u * 2'015'232);
  EXPECT_TRUE(pool.is_pool);
  EXPECT_EQ(PoolMemory(memory, uint64_t{1} << 60).slots, 10'240u);
  EXPECT_EQ(PoolMemory(memory, 2'015'232).slots, 1u);
  EXPECT_THROW(PoolMemory(memory, 2'015'231), Error);
}

TEST(RunMemory, ATiedEmbeddingIsReadForEveryToken) {
  const RunMemory tied = PlanOf(SmallMoe(true)).run_memory.value();
  const RunMemory untied = PlanOf(SmallMoe(false)).run_memory.value();
  EXPECT_EQ(tied.embedding_bytes, 0u);
  EXPECT_EQ(untied.embedding_bytes, 100u * 128 * 2);
  EXPECT_EQ(tied.weight_bytes, untied.weight_bytes);
  EXPECT_EQ(tied.expert_layers, 2u);
  EXPECT_EQ(tied.state_bytes, 0u);
  EXPECT_EQ(tied.slot_bytes(), 3u * 128 * 82);
  EXPECT_EQ(tied.kv_bytes, 3u * 2 * 64 * 2 * 1000);
}

TEST(RunMemory, ExpertsThatAreNotCodedCountAsTheyAre) {
  const RunMemory memory = PlanOf(SmallMoe(false), {.exclude = {"*.experts.*"}}).run_memory.value();
  EXPECT_EQ(memory.slot_bytes(), 3u * 128 * 128 * 2);
  EXPECT_EQ(SlotMemory(memory, 3).total_bytes + memory.embedding_bytes,
            SlotMemory(memory, 3).decoded_total_bytes);
}

TEST(RunMemory, SizesAreThoseThatACacheCanHave) {
  const RunMemory memory = PlanOf(SmallMoe(false)).run_memory.value();
  EXPECT_THROW(SlotMemory(memory, 0), Error);
  EXPECT_THROW(SlotMemory(memory, 5), Error);
  std::vector<uint64_t> slots;
  for (const CacheMemory& cache : CacheMemories(memory)) slots.push_back(cache.slots);
  EXPECT_EQ(slots, (std::vector<uint64_t>{1, 2, 4}));
}

TEST(RunMemory, ModelsWithoutExpertsHaveNone) {
  nlohmann::json config = SmallMoe(false);
  config["model_type"] = "qwen3";
  EXPECT_FALSE(PlanOf(config).run_memory.has_value());
  EXPECT_TRUE(PlanToJson(PlanOf(config))["run_memory"].is_null());
}

TEST(RunMemory, IsPartOfThePlan) {
  const QuantizePlan plan = PlanOf(test::Qwen36Sizes());
  const std::vector<CacheMemory> caches = CacheMemories(*plan.run_memory);
  const std::string text = RenderPlan(plan, {}, caches);
  for (const char* part : {"1.970 GB of weights", "256 experts of 2.015 MB", "65.86 MB", "20.48 MB",
                           "2.445 GB", "all experts  20.64 GB  22.76 GB"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  const nlohmann::json json = PlanToJson(plan, caches)["run_memory"];
  EXPECT_EQ(json["expert_bytes"], 2'015'232);
  EXPECT_EQ(json["expert_caches"].size(), 9u);
  EXPECT_EQ(json["expert_caches"][1]["total_bytes"], 2'284'217'600u);
}

}  // namespace
}  // namespace hlwq::convert
