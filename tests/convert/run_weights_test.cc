#include "convert/run_weights.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "convert/plan.h"
#include "tests/convert/qwen36_sizes.h"
#include "tests/convert/small_moe.h"

namespace hlwq::convert {
namespace {

using test::SmallMoe;

RunWeights WeightsOf(const nlohmann::json& config, RecipeOptions recipe = {}) {
  recipe.recipe = "published";
  return RunWeightsOf(
      MakePlan(PlanInputFromConfig(config, "config.json"), Recipe::Load(recipe), {}).rows);
}

TEST(RunWeights, OfQwen36FollowFromItsShapes) {
  const RunWeights weights = WeightsOf(test::Qwen36Sizes());
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
  EXPECT_EQ(weights.dense_bytes,
            kCoded * 82 / 128 + 2 * (kNorms + kGates + kConvolutions + kRouters + kHead));
  EXPECT_EQ(weights.dense_bytes, 1'969'546'496u);
  EXPECT_EQ(weights.embedding_bytes, 2 * kHead);
  EXPECT_EQ(weights.expert_bytes, uint64_t{10'240} * 2'015'232);  // 3 * 512 * 2048 * 82 / 128
}

TEST(RunWeights, ATiedEmbeddingIsReadForEveryToken) {
  const RunWeights tied = WeightsOf(SmallMoe(true));
  const RunWeights untied = WeightsOf(SmallMoe(false));
  EXPECT_EQ(tied.embedding_bytes, 0u);
  EXPECT_EQ(untied.embedding_bytes, 100u * 128 * 2);
  EXPECT_EQ(tied.dense_bytes, untied.dense_bytes);
}

TEST(RunWeights, ExpertsThatAreNotCodedCountAsTheyAre) {
  const RunWeights weights = WeightsOf(SmallMoe(false), {.exclude = {"*.experts.*"}});
  EXPECT_EQ(weights.expert_bytes, 2u * 4 * 3 * 128 * 128 * 2);
  EXPECT_EQ(weights.stored_expert_bytes, weights.expert_bytes);
}

TEST(RunWeights, RecordsOfShapesAreStoredBetweenExperts) {
  const RunWeights weights = WeightsOf(SmallMoe(false));
  EXPECT_EQ(weights.expert_bytes, 2u * 4 * 3 * 128 * 82);
  EXPECT_EQ(weights.stored_expert_bytes - weights.expert_bytes, 2u * 4 * 3 * 40);
}

}  // namespace
}  // namespace hlwq::convert
