#include "convert/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "convert/safetensors_layout.h"
#include "tests/convert/qwen36_sizes.h"
#include "tests/support/shared_data.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using test::Qwen36Sizes;
using ::testing::HasSubstr;
using ::testing::Not;

PlanTensor Tensor(std::string name, Role role, Shape shape, DType dtype = DType::kBF16) {
  return {{.name = std::move(name), .shape = std::move(shape), .role = role}, dtype};
}

TEST(Plan, RealConfigOfQwen36IsPlannedAsItsSizes) {
  const auto path = test::SharedData("configs/qwen3.6-35b-a3b/config.json");
  HLWQ_REQUIRE_SHARED(path);
  const auto plan = [](const nlohmann::json& config) {
    return PlanToJson(
        MakePlan(PlanInputFromConfig(config, "c"), Recipe::Load({.recipe = "published"}), {}));
  };
  EXPECT_EQ(plan(ReadJsonFile(path)), plan(Qwen36Sizes()));
}

TEST(Plan, Qwen36GivesThePublishedTotals) {
  const QuantizePlan plan = MakePlan(PlanInputFromConfig(Qwen36Sizes(), "config.json"),
                                     Recipe::Load({.recipe = "published"}), {});
  EXPECT_EQ(plan.matrices.expert_slices, 20'480u);
  EXPECT_EQ(plan.matrices.attention_projections, 130u);
  EXPECT_EQ(plan.matrices.shared_expert_matrices, 120u);
  EXPECT_EQ(plan.matrices.total, 20'730u);
  EXPECT_EQ(plan.keys, 62'190u);
  EXPECT_EQ(plan.parameters, 35'107'181'936u);
  EXPECT_NEAR(static_cast<double>(plan.quantized_parameters), 33.62e9, 0.005e9);
  EXPECT_NEAR(plan.quantized_share(), 0.958, 0.0005);
  // All sides are multiples of 128: exactly 5/8 + 2/128 bytes a weight, and 40 a shape record.
  EXPECT_EQ(plan.weight_bytes * 128, plan.quantized_parameters * 82);
  EXPECT_EQ(plan.coded_bytes, plan.weight_bytes + 20'730u * 40);
  // The published size is that of the files: 21.54 GB of tensors and the headers of 62,190 keys.
  EXPECT_NEAR(static_cast<double>(plan.coded_file_bytes), 21.55e9, 0.005e9);
  const std::string text = RenderPlan(plan);
  for (const char* published :
       {"20,480 expert slices", "130 attention projections", "120 shared-expert matrices", "20,730",
        "62,190", "33.62 B of 35.11 B", "95.8 %", "21.55 GB"}) {
    EXPECT_THAT(text, HasSubstr(published));
  }
}

// What the default makes of a mixture of 35 billion weights, vision tower and all.
TEST(Plan, BalancedBringsQwen36BelowItsLimits) {
  const PlanInput input = PlanInputFromConfig(Qwen36Sizes(), "config.json");
  PlanOptions options;
  options.codec = codec::DefaultSpec(codec::kTrellisCodec);
  RecipeOptions recipe{.recipe = "balanced", .model = {.most_bits = 6}};
  for (const PlanTensor& tensor : input.tensors) recipe.model.Add(tensor.spec);
  uint64_t before = 0;
  for (const auto& [bits, most_bytes] :
       {std::pair(3, 16.0e9), std::pair(4, 21.0e9), std::pair(5, 24.5e9)}) {
    recipe.bits = bits;
    const uint64_t bytes = MakePlan(input, Recipe::Load(recipe), options).output_bytes;
    EXPECT_LE(static_cast<double>(bytes), most_bytes) << bits;
    EXPECT_GT(bytes, before + 3'500'000'000u) << bits;
    before = bytes;
  }
}

TEST(Plan, SumsOverRowsAndPartsAreTheTotals) {
  for (const auto& file : std::filesystem::directory_iterator(test::Golden("good/catalog"))) {
    SCOPED_TRACE(file.path().string());
    const nlohmann::json config = ReadJsonFile(file.path())["config"];
    for (const char* name : {"balanced", "published", "uniform", "mixed"}) {
      const QuantizePlan plan =
          MakePlan(PlanInputFromConfig(config, "config.json"), Recipe::Load({.recipe = name}), {});
      PlanRow sum;
      for (const PlanRow& row : plan.rows) {
        sum.matrices += row.matrices;
        sum.parameters += row.parameters;
        sum.source_bytes += row.source_bytes;
        sum.stored_bytes += row.stored_bytes;
      }
      EXPECT_GT(plan.matrices.total, 0u);
      EXPECT_EQ(sum.matrices, plan.matrices.total);
      EXPECT_EQ(sum.parameters, plan.parameters);
      EXPECT_EQ(sum.source_bytes, plan.source_bytes);
      EXPECT_EQ(sum.stored_bytes, plan.coded_bytes + plan.carried_bytes);
      EXPECT_GT(plan.output_bytes, plan.coded_bytes + plan.carried_bytes);
      EXPECT_LE(plan.coded_file_bytes, plan.output_bytes);
      uint64_t part_bytes = 0;
      uint64_t keys = 0;
      for (const PlanPart& part : plan.parts) {
        part_bytes += part.bytes;
        keys += part.keys;
      }
      EXPECT_EQ(part_bytes, plan.coded_bytes);
      EXPECT_EQ(keys, plan.keys);
      EXPECT_EQ(plan.keys, 3 * plan.matrices.total);
      EXPECT_EQ(plan.matrices.expert_slices + plan.matrices.attention_projections +
                    plan.matrices.shared_expert_matrices + plan.matrices.mlp_matrices +
                    plan.matrices.other_matrices,
                plan.matrices.total);
    }
  }
}

TEST(Plan, SizesFollowFromTheFormat) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("e", Role::kExpertDown, {3, 10, 130}, DType::kF32),
                   Tensor("n", Role::kNorm, {130}), Tensor("s", Role::kOther, {})};
  const QuantizePlan plan = MakePlan(input, Recipe::Load({.recipe = "published", .bits = 5}), {});
  EXPECT_EQ(plan.matrices.expert_slices, 3u);
  EXPECT_EQ(plan.keys, 9u);
  // Two blocks a row, the second padded: 2 * (80 + 2) bytes.
  EXPECT_EQ(plan.weight_bytes, 3u * 10 * 2 * 82);
  EXPECT_EQ(plan.coded_bytes, plan.weight_bytes + 3 * 40);
  EXPECT_EQ(plan.carried_bytes, 2u * 130 + 2);
  EXPECT_EQ(plan.source_bytes, 4u * 3900 + 262);
  EXPECT_DOUBLE_EQ(plan.bits_per_weight(), 8.0 * (4920 + 120) / 3900);
}

TEST(Plan, SizesOfTheTrellisCodecFollowFromItsFormat) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("e", Role::kExpertDown, {3, 10, 130}, DType::kF32)};
  PlanOptions options;
  options.codec = codec::DefaultSpec(codec::kTrellisCodec);
  const QuantizePlan plan =
      MakePlan(input, Recipe::Load({.recipe = "published", .bits = 3}), options);
  EXPECT_EQ(plan.keys, 12u);
  // A tile of 16 rows for the 10, of three groups, the last one padded: 3 * (24 + 1) bytes a row, and
  // the multiplier of each of the 10.
  EXPECT_EQ(plan.weight_bytes, 3u * (16 * 3 * 25 + 10 * 2));
  EXPECT_EQ(plan.coded_bytes, plan.weight_bytes + 3 * 40);
  EXPECT_EQ(plan.parts.size(), 4u);
}

TEST(Plan, WidthsThatTheCodecLacksNameTensorAndRule) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("q", Role::kAttentionQ, {8, 128}), Tensor("up", Role::kMlpUp, {8, 128}),
                   Tensor("e", Role::kEmbedding, {8, 128})};
  PlanOptions options;
  options.codec = codec::DefaultSpec(codec::kTrellisCodec);
  const auto refusal = [&](const char* recipe, RecipeOptions recipe_options) -> std::string {
    try {
      MakePlan(input, Recipe::Parse(recipe, recipe_options), options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "planned";
  };
  EXPECT_EQ(refusal("{}", {.bits = 1}), "'q' (recipe): codec hlwq-t: want bits in 2..6, got 1");
  EXPECT_EQ(refusal(R"({"tensors": {"u*": 7}})", {}),
            "'up' (tensor rule 'u*'): codec hlwq-t: want bits in 2..6, got 7");
  EXPECT_EQ(refusal("{}", {.embedding_bits = 8}),
            "'e' (recipe): codec hlwq-t: want bits in 2..6, got 8");
  EXPECT_EQ(refusal(R"({"roles": {"attention_q": "keep", "mlp_up": "keep"}})",
                    {.bits = 8, .include = {"q"}}),
            "'q' (included): codec hlwq-t: want bits in 2..6, got 8");
  // Of a role that the model lacks, or of a tensor that is kept, no width is too large.
  EXPECT_EQ(refusal(R"({"roles": {"router": 8, "mlp_up": 8}})", {.exclude = {"up"}}), "planned");
}

TEST(Plan, ShardsFillUpAndNeverSplitAMatrix) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("e", Role::kExpertDown, {10, 1, 128}),  // 122 bytes a slice
                   Tensor("n", Role::kNorm, {500})};              // 1000 bytes
  const auto shards = [&](uint64_t max_shard_bytes) {
    return MakePlan(input, Recipe::Load({.recipe = "published"}),
                    {.max_shard_bytes = max_shard_bytes})
        .shards;
  };
  EXPECT_EQ(shards(10'000), 1u);
  EXPECT_EQ(shards(366), 5u);  // 3 + 3 + 3 + 1 slices, then the large one
  EXPECT_EQ(shards(1), 11u);
}

TEST(Plan, SizesAreThoseOfTheFilesLaidOut) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("q", Role::kAttentionQ, {64, 256}), Tensor("n", Role::kNorm, {500})};
  const QuantizePlan plan = MakePlan(input, Recipe::Load({.recipe = "published"}), {});
  const std::vector<OutputTensor> coded = {{"q__packed", DType::kU8, {64 * 160}, 64 * 160, 0, true},
                                           {"q__norms", DType::kF16, {64, 2}, 64 * 4, 0, true},
                                           {"q__meta", DType::kI64, {5}, 40, 0, true}};
  EXPECT_EQ(plan.coded_file_bytes, LayOutSafetensors(coded, 1 << 30).shards()[0].file_bytes);
  std::vector<OutputTensor> all = coded;
  all.push_back({"n", DType::kBF16, {500}, 1000, 1, false});
  EXPECT_EQ(plan.output_bytes, LayOutSafetensors(all, 1 << 30).shards()[0].file_bytes);
  EXPECT_EQ(plan.largest_shard_bytes, plan.output_bytes);
}

TEST(Plan, CountlessSlicesAreRefused) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("e", Role::kExpertDown, {uint64_t{1} << 40, 1, 1})};
  try {
    MakePlan(input, Recipe::Load({.recipe = "published"}), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_STREQ(error.what(), "'e': want at most 1048576 matrices in all, got more");
  }
}

TEST(Plan, MemoryIsWhatTheGivenRuleSays) {
  PlanInput input{.source = "x"};
  input.tensors = {Tensor("q", Role::kAttentionQ, {8, 300}), Tensor("r", Role::kRouter, {8, 20})};
  PlanOptions options;
  EXPECT_FALSE(MakePlan(input, Recipe::Load({.recipe = "published"}), options).peak_memory_bytes);
  options.peak_memory_bytes = [](const PlanScale& scale) {
    return 1000 * scale.max_in + scale.output_tensors;
  };
  EXPECT_EQ(MakePlan(input, Recipe::Load({.recipe = "published"}), options).peak_memory_bytes,
            300'004u);
}

TEST(Plan, TiedHeadAndMtpAreNotCounted) {
  nlohmann::json config = {{"model_type", "qwen3_5_text"},
                           {"vocab_size", 256},
                           {"hidden_size", 128},
                           {"intermediate_size", 128},
                           {"num_hidden_layers", 1},
                           {"num_attention_heads", 2},
                           {"head_dim", 64},
                           {"layer_types", {"full_attention"}},
                           {"linear_num_key_heads", 1},
                           {"linear_num_value_heads", 1},
                           {"linear_key_head_dim", 8},
                           {"linear_value_head_dim", 8},
                           {"linear_conv_kernel_dim", 4},
                           {"tie_word_embeddings", true},
                           {"dtype", "float32"}};
  const PlanInput plain = PlanInputFromConfig(config, "c");
  config["mtp_num_hidden_layers"] = 1;
  const PlanInput with_mtp = PlanInputFromConfig(config, "c");
  EXPECT_EQ(plain.tensors.size(), with_mtp.tensors.size());
  EXPECT_THAT(with_mtp.notes, ::testing::ElementsAre(HasSubstr("MTP")));
  for (const PlanTensor& tensor : plain.tensors) {
    EXPECT_NE(tensor.spec.role, Role::kLmHead);
    EXPECT_EQ(tensor.dtype, DType::kF32);
  }
}

TEST(Plan, UnknownModelTypeIsRefused) {
  try {
    PlanInputFromConfig({{"model_type", "gpt2"}}, "c");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("qwen3_5_moe"));
  }
}

TEST(Plan, CheckpointIsPlannedFromItsHeaders) {
  checkpoint::Checkpoint checkpoint;
  checkpoint.root = "folder";
  for (const auto& [name, shape, dtype] :
       {std::tuple("model.layers.0.self_attn.q_proj.weight", Shape{4, 128}, DType::kF16),
        std::tuple("model.layers.0.self_attn.k_proj.weight", Shape{4, 128}, DType::kI8),
        std::tuple("model.norm.weight", Shape{128}, DType::kF32)}) {
    checkpoint::TensorEntry entry;
    entry.name = name;
    entry.shape = shape;
    entry.dtype = dtype;
    checkpoint.tensors.push_back(std::move(entry));
  }
  const PlanInput input = PlanInputFromCheckpoint(checkpoint);
  EXPECT_THAT(input.notes, ::testing::ElementsAre(HasSubstr("no config.json")));
  const QuantizePlan plan = MakePlan(input, Recipe::Load({.recipe = "published", .bits = 8}), {});
  EXPECT_EQ(plan.matrices.total, 1u);
  EXPECT_EQ(plan.weight_bytes, 4u * 130);
  EXPECT_EQ(plan.carried_bytes, 4u * 128 + 4 * 128);
  EXPECT_EQ(plan.source, "folder");
}

TEST(Plan, JsonHoldsTheTotals) {
  PlanInput input{.source = "x", .model_type = "llama"};
  input.tensors = {Tensor("q", Role::kAttentionQ, {8, 128}), Tensor("n", Role::kNorm, {8})};
  const nlohmann::json json =
      PlanToJson(MakePlan(input, Recipe::Load({.recipe = "published", .bits = 4}), {}));
  EXPECT_EQ(json["matrices"]["total"], 1);
  EXPECT_EQ(json["matrices"]["attention_projections"], 1);
  EXPECT_EQ(json["roles"][0]["role"], "attention_q");
  EXPECT_EQ(json["roles"][0]["bits"], 4);
  EXPECT_EQ(json["roles"][1]["bits"], 0);
  EXPECT_EQ(json["parts"].size(), 3u);
  EXPECT_EQ(json["codec"], "hlwq");
  EXPECT_EQ(json["bits"], 4);
  EXPECT_TRUE(json["sizes"].empty());
  EXPECT_EQ(json["coded_bytes"], 8 * (64 + 2) + 40);
  EXPECT_TRUE(json["peak_memory_bytes"].is_null());
}

TEST(Plan, TableAlignsItsColumns) {
  PlanInput input{.source = "folder", .model_type = "llama"};
  input.tensors = {Tensor("q", Role::kAttentionQ, {4096, 4096}), Tensor("n", Role::kNorm, {8})};
  EXPECT_EQ(RenderPlan(MakePlan(input, Recipe::Load({.recipe = "published", .bits = 4}), {})),
            R"(folder (llama), recipe published of 4 bits, codec hlwq

role         bits  tensors  matrices  parameters       now      then  bits/weight
─────────────────────────────────────────────────────────────────────────────────
attention_q     4        1         1     16.78 M  33.55 MB  8.651 MB        4.125
─────────────────────────────────────────────────────────────────────────────────
norm         keep        1                     8      16 B      16 B       16.000
─────────────────────────────────────────────────────────────────────────────────
total                    2         1     16.78 M  33.55 MB  8.651 MB        4.125

matrices    1 = 1 attention projection
keys        3
parameters  16.78 M of 16.78 M quantized, 99.9 %
coded       8.651 MB at 4.125 bits per weight: __packed 8.389 MB, __norms 262.1 kB, __meta 40 B
carried     16 B in 1 tensor
output      8.651 MB in 1 shard, from 33.55 MB
            8.651 MB without the carried tensors
)");
}

TEST(Plan, NamesFromFilesCannotDriveTheTerminal) {
  PlanInput input{.source = "a\x1b[2J", .model_type = "b\x1b[2J", .notes = {"c\x1b[2J"}};
  EXPECT_THAT(RenderPlan(MakePlan(input, Recipe::Load({.recipe = "published"}), {})),
              Not(HasSubstr("\x1b")));
}

TEST(Plan, NothingToQuantizeIsStillAPlan) {
  const QuantizePlan plan = MakePlan({.source = "x"}, Recipe::Load({.recipe = "published"}), {});
  EXPECT_EQ(plan.bits_per_weight(), 0);
  EXPECT_EQ(plan.quantized_share(), 0);
  EXPECT_THAT(RenderPlan(plan), Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace hlwq::convert
