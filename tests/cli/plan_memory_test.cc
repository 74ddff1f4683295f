#include "cli/verbs/plan_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/convert/qwen36_sizes.h"
#include "tests/convert/small_moe.h"

namespace hlwq::cli {
namespace {

using test::SmallMoe;
using ::testing::HasSubstr;

convert::QuantizePlan PlanOf(const nlohmann::json& config, convert::RecipeOptions recipe = {}) {
  recipe.recipe = "published";
  return convert::MakePlan(convert::PlanInputFromConfig(config, "config.json"),
                           convert::Recipe::Load(recipe), {});
}

PlanMemory MemoryOf(const nlohmann::json& config, const convert::RecipeOptions& recipe = {}) {
  return FindPlanMemory(config, PlanOf(config, recipe)).value();
}

TEST(PlanMemory, Qwen36ComesToThePublishedFigures) {
  const convert::QuantizePlan plan = PlanOf(test::Qwen36Sizes());
  const PlanMemory memory = FindPlanMemory(test::Qwen36Sizes(), plan).value();
  constexpr double kGib = 1 << 30;
  // "~20 GB" are the files of codes; "~4 GB" and "~3 GB" slots of 16-bit experts. All in GiB.
  EXPECT_NEAR(static_cast<double>(plan.coded_file_bytes) / kGib, 20, 0.5);
  EXPECT_NEAR(static_cast<double>(SlotMemory(memory, 4).decoded_weight_bytes) / kGib, 4, 0.5);
  EXPECT_NEAR(static_cast<double>(SlotMemory(memory, 2).decoded_weight_bytes) / kGib, 3, 0.5);
}

TEST(PlanMemory, IsThatOfARunAndOfTheSlots) {
  const PlanMemory memory = MemoryOf(test::Qwen36Sizes());
  EXPECT_EQ(memory.shape.context_tokens, 4096u);
  EXPECT_EQ(memory.shape.experts, 10'240u);
  EXPECT_EQ(memory.run.weight_bytes, memory.weights.dense_bytes);
  EXPECT_EQ(memory.slot_bytes, 2'023'424u);  // 2,015,232 and three records of 40, in whole blocks
  const CacheMemory four = SlotMemory(memory, 4);
  EXPECT_EQ(four.cache_bytes, uint64_t{4 * 40} * 2'023'424);
  EXPECT_EQ(four.total_bytes, memory.run.TotalBytes() + four.cache_bytes);
}

TEST(PlanMemory, APoolHoldsWholeExpertsAndNoMoreThanThereAre) {
  const PlanMemory memory = MemoryOf(test::Qwen36Sizes());
  const CacheMemory pool = PoolMemory(memory, 4'000'000'000);
  EXPECT_EQ(pool.slots, 1976u);
  EXPECT_EQ(pool.cache_bytes, 1976u * 2'023'424);
  EXPECT_TRUE(pool.is_pool);
  EXPECT_EQ(PoolMemory(memory, uint64_t{1} << 60).slots, 10'240u);
  EXPECT_EQ(PoolMemory(memory, 2'023'424).slots, 1u);
  EXPECT_THROW(PoolMemory(memory, 2'023'423), Error);
}

TEST(PlanMemory, ThePublishedFiguresAreOfWeightsWithSixteenBitSlots) {
  const PlanMemory memory = MemoryOf(SmallMoe(false));
  EXPECT_EQ(
      SlotMemory(memory, 3).decoded_weight_bytes,
      memory.weights.dense_bytes + memory.weights.embedding_bytes + 2u * 3 * 3 * 128 * 128 * 2);
}

TEST(PlanMemory, SizesAreThoseThatACacheCanHave) {
  const PlanMemory memory = MemoryOf(SmallMoe(false));
  EXPECT_THROW(SlotMemory(memory, 0), Error);
  EXPECT_THROW(SlotMemory(memory, 5), Error);
  std::vector<uint64_t> slots;
  for (const CacheMemory& cache : CacheMemories(memory)) slots.push_back(cache.slots);
  EXPECT_EQ(slots, (std::vector<uint64_t>{1, 2, 4}));
}

TEST(PlanMemory, ModelsWithoutExpertsHaveNone) {
  nlohmann::json config = SmallMoe(false);
  config["model_type"] = "qwen3";
  convert::QuantizePlan plan = PlanOf(config);
  const auto memory = PlanMemoryOrNote(config, plan);
  EXPECT_FALSE(memory);
  EXPECT_TRUE(plan.notes.empty());
  EXPECT_TRUE(PlanToJson(plan, memory)["run_memory"].is_null());
  EXPECT_FALSE(FindPlanMemory(nullptr, plan));
}

TEST(PlanMemory, OfAModelThatIsNotRunANoteSaysWhy) {
  nlohmann::json config = SmallMoe(false);
  config["hidden_act"] = "gelu";
  convert::QuantizePlan plan = PlanOf(config);
  EXPECT_FALSE(PlanMemoryOrNote(config, plan));
  ASSERT_EQ(plan.notes.size(), 1u);
  EXPECT_THAT(plan.notes[0], HasSubstr("hidden_act 'gelu'"));
  EXPECT_THROW(FindPlanMemory(config, plan), Error);
}

TEST(PlanMemory, IsPartOfThePlan) {
  const convert::QuantizePlan plan = PlanOf(test::Qwen36Sizes());
  const PlanMemory memory = MemoryOf(test::Qwen36Sizes());
  const std::vector<CacheMemory> caches = CacheMemories(memory);
  const std::string text = RenderPlanMemory(memory, caches, {});
  for (const char* part : {"1.970 GB of weights", "256 experts of 2.023 MB", "131.7 MB", "83.89 MB",
                           "4,096 tokens", "all experts  20.72 GB"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  const nlohmann::json json = PlanToJson(plan, memory, caches)["run_memory"];
  EXPECT_EQ(json["slot_bytes"], 2'023'424);
  EXPECT_EQ(json["expert_caches"].size(), 9u);
  EXPECT_EQ(json["expert_caches"][1]["total_bytes"], caches[1].total_bytes);
}

}  // namespace
}  // namespace hlwq::cli
