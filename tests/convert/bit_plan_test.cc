#include "convert/bit_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "checkpoint/open_synthetic.h"
#include "codec/backend.h"
#include "convert/plan.h"
#include "convert/recipe.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Role;

nlohmann::json Config() {
  return {{"model_type", "qwen3_moe"},    {"vocab_size", 64},       {"hidden_size", 128},
          {"intermediate_size", 256},     {"num_hidden_layers", 2}, {"num_attention_heads", 4},
          {"num_key_value_heads", 2},     {"head_dim", 32},         {"num_experts", 3},
          {"moe_intermediate_size", 128}, {"mlp_only_layers", {0}}, {"tie_word_embeddings", true}};
}

WidthErrorOptions Options(std::string_view codec = codec::kHlwqCodec) {
  return {.codec = codec::DefaultSpec(codec), .widths = {2, 3, 4, 5, 6}};
}

std::vector<BitPlanItem> Items(const Checkpoint& source) {
  return MakeBitPlanItems(source, {}, Options(), codec::ReferenceBackend());
}

TEST(BitPlanItems, AreTheMatricesAndTakeExpertsOfALayerTogether) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  std::set<std::pair<int, Role>> experts;
  bool has_embedding = false;
  for (const BitPlanItem& item : Items(source)) {
    const bool is_expert = item.role == Role::kExpertGate || item.role == Role::kExpertUp ||
                           item.role == Role::kExpertDown;
    EXPECT_EQ(item.tensors.size(), is_expert ? 3u : 1u);
    EXPECT_TRUE(!is_expert || experts.emplace(item.layer, item.role).second);
    has_embedding |= item.role == Role::kEmbedding && item.is_tied;
  }
  EXPECT_EQ(experts.size(), 3u);
  EXPECT_TRUE(has_embedding);
}

TEST(BitPlanItems, ErrFourTimesLessWithEveryBitAndTakeMoreBytes) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  for (const BitPlanItem& item : Items(source)) {
    ASSERT_EQ(item.widths.size(), 5u);
    for (size_t width = 1; width < item.widths.size(); ++width) {
      const double ratio =
          item.widths[width - 1].relative_error / item.widths[width].relative_error;
      EXPECT_GT(ratio, 3.0);
      EXPECT_LT(ratio, 5.0);
      EXPECT_GT(item.widths[width].bytes, item.widths[width - 1].bytes);
    }
  }
}

TEST(BitPlanItems, MeasuredOnFewRowsAreNearThoseOfAll) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  WidthErrorOptions few = Options();
  few.most_weights = 16 * 128;
  const auto all = Items(source),
             sample = MakeBitPlanItems(source, {}, few, codec::ReferenceBackend());
  ASSERT_EQ(all.size(), sample.size());
  for (size_t item = 0; item < all.size(); ++item) {
    EXPECT_EQ(all[item].widths[2].bytes, sample[item].widths[2].bytes);
    const double want = all[item].widths[2].relative_error;
    EXPECT_NEAR(sample[item].widths[2].relative_error, want, 0.15 * want);
  }
}

TEST(ChooseBits, GivesMoreBitsToWhatMattersMore) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  std::vector<BitPlanItem> items = Items(source);
  std::vector<double> sensitivities;
  for (const BitPlanItem& item : items) {
    const double density = item.layer == 0 ? 64 : 1;
    sensitivities.push_back(density * static_cast<double>(item.weights));
  }
  const BitPlan plan = ChooseBits(std::move(items), sensitivities, 4.2);
  int least_first = 9, most_others = 0;
  for (size_t item = 0; item < plan.items.size(); ++item) {
    if (plan.items[item].layer == 0) {
      least_first = std::min(least_first, plan.bits[item]);
    } else {
      most_others = std::max(most_others, plan.bits[item]);
    }
  }
  EXPECT_GT(least_first, most_others);
}

TEST(ChooseBits, WithoutPreferencesIsUniformAndWithinTheBudget) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  std::vector<BitPlanItem> items = Items(source);
  std::vector<double> sensitivities;
  for (const BitPlanItem& item : items) sensitivities.push_back(static_cast<double>(item.weights));
  const BitPlan plan = ChooseBits(std::move(items), sensitivities, 4.5);
  EXPECT_LE(plan.bits_per_weight(), 4.5);
  for (const int bits : plan.bits) EXPECT_TRUE(bits == 4 || bits == 5) << bits;
}

TEST(ChooseBits, RefusesLessThanTheSmallestWidth) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  std::vector<BitPlanItem> items = Items(source);
  const std::vector<double> alike(items.size(), 1);
  EXPECT_THROW(ChooseBits(items, alike, 2.0), Error);
}

// What is written is a recipe, and the plan of that recipe has the bytes that were budgeted.
TEST(BitPlanToRecipe, MakesARecipeOfExactlyThePlannedSize) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  std::vector<BitPlanItem> items = Items(source);
  std::vector<double> sensitivities;
  for (size_t item = 0; item < items.size(); ++item) {
    sensitivities.push_back(std::pow(3.0, static_cast<double>(item % 5)));
  }
  const BitPlan plan = ChooseBits(std::move(items), sensitivities, 4.1);
  const Recipe recipe = Recipe::Load({.recipe = "made", .text = BitPlanToRecipe(plan, source)});
  const QuantizePlan sizes =
      MakePlan(PlanInputFromCheckpoint(source), recipe, {.codec = Options().codec});
  EXPECT_EQ(sizes.coded_bytes, plan.bytes);
  std::set<int> widths(plan.bits.begin(), plan.bits.end());
  EXPECT_GT(widths.size(), 1u);
}

}  // namespace
}  // namespace hlwq::convert
