#include "convert/bit_plan.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
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

// Counts the rows that are coded.
class CountingCodec final : public codec::Codec {
 public:
  CountingCodec(std::shared_ptr<const codec::Codec> codec, std::atomic<uint64_t>& rows)
      : codec_(std::move(codec)), rows_(rows) {}

  const codec::CodecSpec& spec() const noexcept override { return codec_->spec(); }
  std::vector<codec::Part> Parts(MatrixShape shape) const override { return codec_->Parts(shape); }
  void EncodeRowsWith(const codec::Feedback* feedback, DType dtype,
                      std::span<const std::byte> weights, uint64_t in, uint64_t first_row,
                      std::span<const std::span<std::byte>> row_parts,
                      codec::ErrorStats& stats) const override {
    rows_ += weights.size() / (in * BitsPerElement(dtype) / 8);
    codec_->EncodeRowsWith(feedback, dtype, weights, in, first_row, row_parts, stats);
  }
  uint64_t FeedbackColumns(uint64_t in) const noexcept override {
    return codec_->FeedbackColumns(in);
  }
  void ToFeedbackBasis(std::span<const float> row,
                       std::span<float> columns) const noexcept override {
    codec_->ToFeedbackBasis(row, columns);
  }
  void DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts, uint64_t in,
                    std::span<std::byte> weights) const override {
    codec_->DecodeRowsTo(dtype, row_parts, in, weights);
  }

 private:
  std::shared_ptr<const codec::Codec> codec_;
  std::atomic<uint64_t>& rows_;
};

class CountingBackend final : public codec::Backend {
 public:
  uint64_t rows() const noexcept { return rows_; }

  std::shared_ptr<const codec::Codec> MakeCodec(const codec::CodecSpec& spec) const override {
    return std::make_shared<const CountingCodec>(codec::ReferenceBackend().MakeCodec(spec), rows_);
  }
  void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) const override {
    codec::ReferenceBackend().ToFloat(dtype, in, out);
  }
  void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) const override {
    codec::ReferenceBackend().FromFloat(in, dtype, out);
  }

 private:
  mutable std::atomic<uint64_t> rows_ = 0;
};

TEST(BitPlanItems, TakeExpertsOfALayerTogetherAndTheLittleOfAMixtureBesideThem) {
  const Checkpoint source = checkpoint::OpenSynthetic(Config(), 1, 0);
  std::map<std::pair<int, Role>, size_t> tensors;
  size_t all = 0;
  for (const BitPlanItem& item : Items(source)) {
    EXPECT_TRUE(tensors.emplace(std::pair(item.layer, item.role), item.tensors.size()).second);
    EXPECT_EQ(item.is_tied, item.role == Role::kEmbedding);
    all += item.tensors.size();
  }
  const std::map<std::pair<int, Role>, size_t> want = {
      {{-1, Role::kEmbedding}, 1},   {{0, Role::kAttentionQkv}, 3}, {{0, Role::kAttentionO}, 1},
      {{0, Role::kMlpGate}, 1},      {{0, Role::kMlpUp}, 1},        {{0, Role::kMlpDown}, 1},
      {{1, Role::kAttentionQkv}, 3}, {{1, Role::kAttentionO}, 1},   {{1, Role::kExpertGate}, 3},
      {{1, Role::kExpertUp}, 3},     {{1, Role::kExpertDown}, 3}};
  EXPECT_EQ(tensors, want);
  EXPECT_EQ(all, 21u);
}

TEST(BitPlanItems, OfADenseModelAreItsMatrices) {
  nlohmann::json config = Config();
  config["model_type"] = "qwen3";
  const Checkpoint source = checkpoint::OpenSynthetic(config, 1, 0);
  const std::vector<BitPlanItem> items = Items(source);
  EXPECT_EQ(items.size(), 1 + 2 * 7u);
  for (const BitPlanItem& item : items) EXPECT_EQ(item.tensors.size(), 1u);
}

// However many experts there are: the work of measuring them is bounded, their bytes are exact.
TEST(BitPlanItems, OfManyExpertsAreMeasuredOnFewRowsOfAFewOfThem) {
  nlohmann::json config = Config();
  config["num_experts"] = 40;
  const Checkpoint source = checkpoint::OpenSynthetic(config, 1, 0);
  for (const uint64_t rows : {16, 64}) {
    WidthErrorOptions options = Options();
    options.widths = {4};
    options.most_weights = rows * 256;  // the longest row
    const CountingBackend counting;
    const auto all = Items(source);
    const auto items = MakeBitPlanItems(source, {}, options, counting);
    ASSERT_EQ(items.size(), all.size());
    for (size_t item = 0; item < items.size(); ++item) {
      EXPECT_EQ(items[item].widths[0].bytes, all[item].widths[2].bytes);
      const double want = all[item].widths[2].relative_error;
      EXPECT_NEAR(items[item].widths[0].relative_error, want, 0.15 * want);
    }
    EXPECT_LE(counting.rows(), items.size() * rows * 2);
    EXPECT_GE(counting.rows(), items.size() * rows / 2);
  }
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

TEST(DrawToMean, TakesThePowerOfWhatSetsAnItemApart) {
  const std::vector<BitPlanItem> items = {{.weights = 100}, {.weights = 300}, {.weights = 100}};
  const std::vector<double> measured = {16, 3, 0};
  std::vector<double> drawn = measured;
  DrawToMean(items, 1, drawn);
  for (size_t i = 0; i < drawn.size(); ++i) EXPECT_NEAR(drawn[i], measured[i], 1e-12);
  // Of each weight: 0.16 and 0.01, whose roots are as 4 to 1.
  DrawToMean(items, 0.5, drawn);
  EXPECT_NEAR(drawn[0] + drawn[1] + drawn[2], 19, 1e-12);
  EXPECT_NEAR(drawn[0] / drawn[1], 4.0 / 3, 1e-12);
  EXPECT_EQ(drawn[2], 0);
  std::vector<double> alike = {1, 1, 3};
  DrawToMean(items, 0, alike);
  EXPECT_NEAR(alike[1], 3, 1e-12);
  std::vector<double> nothing(3);
  DrawToMean(items, 0.5, nothing);
  EXPECT_EQ(nothing, std::vector<double>(3));
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
