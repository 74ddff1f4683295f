// The folded model computes what the original computes, in a rotated stream: checked matrix by matrix
// for every family, with the roles of the architecture written down once more.
#include "checkpoint/views/fold_rotation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/open_synthetic.h"
#include "checkpoint/row_reader.h"
#include "checkpoint/views/block_rotation.h"
#include "checkpoint/views/split_experts.h"
#include "codec/backend.h"
#include "tests/checkpoint/catalog_samples.h"

namespace hlwq::checkpoint {
namespace {

using Json = nlohmann::json;
using Vector = std::vector<float>;

constexpr uint64_t kHidden = 96;  // blocks of 32

Json ConfigOf(std::string_view model_type, bool is_tied) {
  return {{"model_type", model_type},
          {"vocab_size", 40},
          {"hidden_size", kHidden},
          {"intermediate_size", 48},
          {"num_hidden_layers", 4},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"head_dim", 16},
          {"attention_bias", true},
          {"mlp_bias", true},
          {"num_experts", 3},
          {"moe_intermediate_size", 8},
          {"shared_expert_intermediate_size", 8},
          {"linear_num_key_heads", 2},
          {"linear_num_value_heads", 4},
          {"linear_key_head_dim", 8},
          {"linear_value_head_dim", 8},
          {"linear_conv_kernel_dim", 4},
          {"tie_word_embeddings", is_tied}};
}

Vector Read(const Checkpoint& checkpoint, std::string_view name) {
  const TensorEntry* entry = checkpoint.Find(name);
  if (entry == nullptr) throw Error(ErrorCode::kNotFound, std::string(name));
  const RowReader reader(checkpoint, *entry, codec::ReferenceBackend());
  Vector values(entry->elements());
  reader.ReadRows({0, reader.matrix().out}, values);
  return values;
}

Vector Multiply(const Vector& matrix, const Vector& x) {
  Vector y(matrix.size() / x.size());
  for (size_t row = 0; row < y.size(); ++row) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += double{matrix[row * x.size() + i]} * x[i];
    y[row] = static_cast<float>(sum);
  }
  return y;
}

Vector Rotate(Vector x, uint64_t block) {
  BlockRotation({.column_block = block}).Apply({0, 1}, x);
  return x;
}

Vector Random(size_t size) {
  Vector x(size);
  for (size_t i = 0; i < size; ++i) x[i] = static_cast<float>(std::sin(1.0 + 3.7 * double(i)));
  return x;
}

void ExpectNear(const Vector& got, const Vector& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5f) << what << " " << i;
}

class FoldedFamily : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    for (Checkpoint* checkpoint : {&original_, &folded_}) {
      *checkpoint = OpenSynthetic(ConfigOf(GetParam(), false), 3, 0);
    }
    FoldRotation(folded_, codec::ReferenceBackend());
    is_gated_ = GetParam().starts_with("qwen3_5") || GetParam() == "qwen3_next";
  }

  // What the norm `name` multiplies with in `checkpoint`.
  Vector Norm(const Checkpoint& checkpoint, const std::string& name) const {
    Vector weights = Read(checkpoint, name);
    for (float& weight : weights) weight += is_gated_ ? 1 : 0;
    return weights;
  }
  // W (n * x) of the original equals W' (n' * Q x) of the folded one.
  void ExpectReads(const std::string& matrix, const std::string& norm, bool rotates_heads) const {
    Vector x = Random(kHidden), turned = Rotate(x, 32);
    const Vector weights = Norm(original_, norm), folded_weights = Norm(folded_, norm);
    for (size_t i = 0; i < kHidden; ++i) {
      x[i] *= weights[i];
      turned[i] *= folded_weights[i];
    }
    Vector want = Multiply(Read(original_, matrix), x);
    if (rotates_heads) want = Rotate(std::move(want), 16);
    ExpectNear(Multiply(Read(folded_, matrix), turned), want, matrix);
  }
  // W' z' of the folded one equals Q (W z), z' being z with its heads rotated.
  void ExpectWrites(const std::string& matrix, bool rotates_heads) const {
    const Vector z = Random(original_.Find(matrix)->shape.back());
    ExpectNear(Multiply(Read(folded_, matrix), rotates_heads ? Rotate(z, 16) : z),
               Rotate(Multiply(Read(original_, matrix), z), 32), matrix);
  }

  Checkpoint original_, folded_;
  bool is_gated_ = false;
};

TEST_P(FoldedFamily, ComputesTheSameInARotatedStream) {
  ExpectNear(Read(folded_, "model.embed_tokens.weight"),
             Rotate(Read(original_, "model.embed_tokens.weight"), 32), "embedding");
  ExpectReads("lm_head.weight", "model.norm.weight", false);
  size_t matrices = 0;
  for (const TensorEntry& entry : original_.tensors) {
    const std::string& name = entry.name;
    const size_t layers = name.find("layers.");
    if (entry.shape.size() != 2 || layers == name.npos) continue;
    const std::string layer = name.substr(0, name.find('.', layers + 7) + 1);
    const std::string_view rest = std::string_view(name).substr(layer.size());
    const bool is_mixer = rest.starts_with("self_attn.") || rest.starts_with("linear_attn.");
    const bool is_writer = rest.ends_with("o_proj.weight") || rest.ends_with("out_proj.weight") ||
                           rest.ends_with("down_proj.weight");
    ++matrices;
    if (is_writer) {
      ExpectWrites(name, !is_gated_ && rest.ends_with("o_proj.weight"));
    } else {
      ExpectReads(name,
                  layer + (is_mixer ? "input_layernorm.weight" : "post_attention_layernorm.weight"),
                  !is_gated_ && rest.ends_with("v_proj.weight"));
    }
  }
  EXPECT_GE(matrices, 4 * 7u);
}

TEST_P(FoldedFamily, TurnsTheBiasesOfWritersAndRotatedHeads) {
  for (const TensorEntry& entry : original_.tensors) {
    const std::string& name = entry.name;
    if (!name.ends_with(".bias")) continue;
    Vector want = Read(original_, name);
    if (name.ends_with("o_proj.bias") || name.ends_with("down_proj.bias")) want = Rotate(want, 32);
    if (name.ends_with("v_proj.bias") && !is_gated_) want = Rotate(want, 16);
    ExpectNear(Read(folded_, name), want, name);
  }
}

TEST_P(FoldedFamily, LeavesWhatDoesNotTouchTheStream) {
  for (const TensorEntry& entry : original_.tensors) {
    const std::string& name = entry.name;
    const bool is_inner = name.ends_with("q_norm.weight") || name.ends_with("A_log") ||
                          name.ends_with("linear_attn.norm.weight") || name.ends_with("dt_bias") ||
                          name.ends_with("conv1d.weight");
    if (is_inner) {
      EXPECT_EQ(Read(folded_, name), Read(original_, name)) << name;
    }
  }
}

TEST_P(FoldedFamily, UntiesATiedHead) {
  Checkpoint tied = OpenSynthetic(ConfigOf(GetParam(), true), 3, 0);
  ASSERT_EQ(tied.Find("lm_head.weight"), nullptr);
  const Vector embedding = Read(tied, "model.embed_tokens.weight");
  FoldRotation(tied, codec::ReferenceBackend());
  EXPECT_FALSE(tied.config.at("tie_word_embeddings").get<bool>());
  EXPECT_NE(Read(tied, "lm_head.weight"), Read(tied, "model.embed_tokens.weight"));
  EXPECT_EQ(Read(tied, "lm_head.weight").size(), embedding.size());
}

// Splitting and folding commute: an export does both.
TEST_P(FoldedFamily, IsTheSameWithItsExpertsSplitBefore) {
  Checkpoint split = OpenSynthetic(ConfigOf(GetParam(), false), 3, 0);
  SplitFusedExperts(split);
  FoldRotation(split, codec::ReferenceBackend());
  SplitFusedExperts(folded_);
  ASSERT_EQ(split.tensors.size(), folded_.tensors.size());
  for (const TensorEntry& entry : split.tensors) {
    ASSERT_NE(folded_.Find(entry.name), nullptr) << entry.name;
    EXPECT_EQ(Read(split, entry.name), Read(folded_, entry.name)) << entry.name;
  }
}

std::vector<std::string> Families() {
  std::vector<std::string> names;
  for (const std::string_view name : SupportedModelTypes()) names.emplace_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Families, FoldedFamily, ::testing::ValuesIn(Families()),
                         [](const auto& family) { return family.param; });

// The layout of the multimodal checkpoints: fused experts, a vision tower, a nested config.
Json Multimodal() {
  Json text = ConfigOf("qwen3_5_moe_text", false);
  text["mtp_num_hidden_layers"] = 1;
  return {{"model_type", "qwen3_5_moe"},
          {"tie_word_embeddings", false},
          {"text_config", text},
          {"vision_config",
           {{"depth", 1},
            {"hidden_size", 8},
            {"intermediate_size", 16},
            {"patch_size", 2},
            {"temporal_patch_size", 2},
            {"num_position_embeddings", 4},
            {"spatial_merge_size", 2},
            {"out_hidden_size", kHidden}}}};
}

TEST(FoldRotation, TurnsWhatTheVisionTowerWritesAndNothingElseInIt) {
  const Checkpoint original = OpenSynthetic(Multimodal(), 3, 0);
  Checkpoint folded = OpenSynthetic(Multimodal(), 3, 0);
  FoldRotation(folded, codec::ReferenceBackend());
  for (const TensorEntry& entry : original.tensors) {
    if (entry.name.find("visual") == entry.name.npos) continue;
    const bool is_changed = entry.name.find("merger.linear_fc2") != entry.name.npos;
    const Vector want = Read(original, entry.name);
    if (!is_changed) {
      EXPECT_EQ(Read(folded, entry.name), want) << entry.name;
    } else if (entry.shape.size() == 1) {
      ExpectNear(Read(folded, entry.name), Rotate(want, 32), entry.name);
    } else {
      const Vector z = Random(entry.shape.back());
      ExpectNear(Multiply(Read(folded, entry.name), z), Rotate(Multiply(want, z), 32), entry.name);
    }
  }
}

TEST(FoldRotation, LeavesMultiTokenPredictionOutAndSaysSo) {
  Checkpoint folded = OpenSynthetic(Multimodal(), 3, 0);
  folded.tensors.push_back({"mtp.fc.weight",
                            DType::kBF16,
                            {kHidden, 2 * kHidden},
                            SyntheticStorage{.seed = 1, .deviation = 1}});
  FoldRotation(folded, codec::ReferenceBackend());
  EXPECT_EQ(folded.Find("mtp.fc.weight"), nullptr);
  EXPECT_NE(folded.notes.back().find("multi-token prediction"), std::string::npos);
  EXPECT_EQ(folded.config.at("text_config").at("mtp_num_hidden_layers"), 0);
}

TEST(FoldRotation, RefusesAModelWithoutACatalog) {
  Checkpoint checkpoint = OpenSynthetic(ConfigOf("llama", false), 3, 0);
  checkpoint.config["model_type"] = "gpt2";
  EXPECT_THROW(FoldRotation(checkpoint, codec::ReferenceBackend()), Error);
}

TEST(FoldRotation, RefusesAMatrixWhosePlaceIsNotKnown) {
  Checkpoint checkpoint = OpenSynthetic(ConfigOf("llama", false), 3, 0);
  checkpoint.tensors.push_back({"model.adapter.weight",
                                DType::kBF16,
                                {4, kHidden},
                                SyntheticStorage{.seed = 1, .deviation = 1}});
  EXPECT_THROW(FoldRotation(checkpoint, codec::ReferenceBackend()), Error);
}

TEST(SplitFusedExperts, GivesEveryExpertItsRowsUnderItsName) {
  const Checkpoint fused = OpenSynthetic(Multimodal(), 3, 0);
  Checkpoint split = OpenSynthetic(Multimodal(), 3, 0);
  SplitFusedExperts(split);
  const std::string experts = "model.language_model.layers.2.mlp.experts.";
  const Vector gate_up = Read(fused, experts + "gate_up_proj"),
               down = Read(fused, experts + "down_proj");
  for (int expert = 0; expert < 3; ++expert) {
    const std::string one = experts + std::to_string(expert);
    Vector all = Read(split, one + ".gate_proj.weight");
    const Vector up = Read(split, one + ".up_proj.weight");
    all.insert(all.end(), up.begin(), up.end());
    EXPECT_TRUE(
        std::ranges::equal(all, std::span(gate_up).subspan(expert * all.size(), all.size())));
    const Vector own = Read(split, one + ".down_proj.weight");
    EXPECT_TRUE(std::ranges::equal(own, std::span(down).subspan(expert * own.size(), own.size())));
  }
  EXPECT_EQ(split.Find(experts + "gate_up_proj"), nullptr);
}

}  // namespace
}  // namespace hlwq::checkpoint
