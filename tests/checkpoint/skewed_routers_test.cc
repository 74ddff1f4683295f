#include "checkpoint/skewed_routers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "checkpoint/open_synthetic.h"
#include "checkpoint/row_reader.h"
#include "codec/backend.h"

namespace hlwq::checkpoint {
namespace {

constexpr uint64_t kHidden = 512, kExperts = 64, kPerToken = 4, kVocab = 2000;

nlohmann::json Config() {
  return {{"model_type", "qwen3_moe"},
          {"vocab_size", kVocab},
          {"hidden_size", kHidden},
          {"intermediate_size", 48},
          {"num_hidden_layers", 3},
          {"num_attention_heads", 2},
          {"head_dim", 16},
          {"num_experts", kExperts},
          {"mlp_only_layers", {1}},
          {"num_experts_per_tok", kPerToken},
          {"moe_intermediate_size", 8}};
}

std::vector<float> Read(const Checkpoint& checkpoint, std::string_view name) {
  const TensorEntry* entry = checkpoint.Find(name);
  if (entry == nullptr) throw Error(ErrorCode::kNotFound, std::string(name));
  const RowReader reader(checkpoint, *entry, codec::ReferenceBackend());
  std::vector<float> values(entry->elements());
  reader.ReadRows({0, reader.matrix().out}, values);
  return values;
}

std::vector<uint64_t> Largest(const std::vector<double>& scores, uint64_t count) {
  std::vector<uint64_t> order(scores.size());
  std::iota(order.begin(), order.end(), uint64_t{0});
  std::ranges::partial_sort(order, order.begin() + static_cast<ptrdiff_t>(count),
                            [&](uint64_t a, uint64_t b) { return scores[a] > scores[b]; });
  order.resize(count);
  return order;
}

// How often each expert is taken when the router of `layer` reads the normed embeddings.
std::vector<double> RoutedShares(const Checkpoint& checkpoint, int layer) {
  const std::vector<float> embedding = Read(checkpoint, "model.embed_tokens.weight");
  const std::vector<float> router =
      Read(checkpoint, "model.layers." + std::to_string(layer) + ".mlp.gate.weight");
  std::vector<double> shares(kExperts);
  for (uint64_t token = 0; token < kVocab; ++token) {
    const float* x = embedding.data() + token * kHidden;  // a norm changes no order
    std::vector<double> scores(kExperts);
    for (uint64_t expert = 0; expert < kExperts; ++expert) {
      const float* row = router.data() + expert * kHidden;
      scores[expert] = std::inner_product(x, x + kHidden, row, 0.0);
    }
    for (const uint64_t expert : Largest(scores, kPerToken)) shares[expert] += 1.0 / kVocab;
  }
  return shares;
}

std::vector<double> Sorted(std::vector<double> values) {
  std::ranges::sort(values, std::greater{});
  return values;
}

// Of the choices, what the first `count` get.
double Part(const std::vector<double>& shares, uint64_t count) {
  return std::accumulate(shares.begin(), shares.begin() + static_cast<ptrdiff_t>(count), 0.0) /
         kPerToken;
}

TEST(ZipfShares, AreThoseOfDrawingWithoutReplacement) {
  for (const double exponent : {0.5, 1.0, 2.0}) {
    const std::vector<double> shares = ZipfShares(kExperts, kPerToken, exponent);
    EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), kPerToken, 1e-6);
    // The largest of log p + Gumbel noise are such a draw.
    std::vector<double> drawn(kExperts);
    constexpr uint64_t kDraws = 20000;
    for (uint64_t draw = 0; draw < kDraws; ++draw) {
      std::vector<double> scores(kExperts);
      for (uint64_t rank = 0; rank < kExperts; ++rank) {
        const double uniform =
            (static_cast<double>(MixBits(MixBits(draw) ^ rank) >> 11) + 0.5) * 0x1p-53;
        scores[rank] =
            -exponent * std::log(static_cast<double>(rank + 1)) - std::log(-std::log(uniform));
      }
      for (const uint64_t rank : Largest(scores, kPerToken)) drawn[rank] += 1.0 / kDraws;
    }
    for (uint64_t rank = 0; rank < kExperts; ++rank) {
      EXPECT_NEAR(shares[rank], drawn[rank], 0.05) << exponent << " rank " << rank;
    }
  }
}

TEST(SkewedRouters, ChooseByZipfsLaw) {
  const Checkpoint skewed = OpenSynthetic(Config(), 5, 0, 1.0);
  const Checkpoint plain = OpenSynthetic(Config(), 5, 0);
  const std::vector<double> law = ZipfShares(kExperts, kPerToken, 1.0);
  for (const int layer : {0, 2}) {
    const std::vector<double> routed = Sorted(RoutedShares(skewed, layer));
    for (const uint64_t count : {1, 6, 16, 32}) {
      EXPECT_NEAR(Part(routed, count), Part(law, count), 0.03) << layer << ' ' << count;
    }
    EXPECT_LT(Part(Sorted(RoutedShares(plain, layer)), 6), 0.25);
    EXPECT_GT(Part(routed, 6), 0.4);
  }
}

TEST(SkewedRouters, RankExpertsDifferentlyInEveryLayerAndForEverySeed) {
  const auto favourites = [](uint64_t seed, int layer) {
    return Largest(RoutedShares(OpenSynthetic(Config(), seed, 0, 1.0), layer), 8);
  };
  EXPECT_NE(favourites(1, 0), favourites(1, 2));
  EXPECT_NE(favourites(1, 0), favourites(2, 0));
}

TEST(SkewedRouters, ChangeNothingButRoutersAndEmbedding) {
  const Checkpoint skewed = OpenSynthetic(Config(), 5, 1, 1.0);
  const Checkpoint plain = OpenSynthetic(Config(), 5, 1);
  ASSERT_EQ(skewed.tensors.size(), plain.tensors.size());
  for (const TensorEntry& entry : plain.tensors) {
    const bool is_changed =
        entry.name.ends_with("mlp.gate.weight") || entry.name == "model.embed_tokens.weight";
    EXPECT_EQ(Read(skewed, entry.name) != Read(plain, entry.name), is_changed) << entry.name;
  }
  EXPECT_NE(skewed.header_hashes, plain.header_hashes);
  EXPECT_NE(skewed.header_hashes, OpenSynthetic(Config(), 5, 1, 1.5).header_hashes);
}

TEST(SkewedRouters, ReadTheSameInPieces) {
  const Checkpoint skewed = OpenSynthetic(Config(), 5, 1, 1.0);
  const std::vector<float> whole = Read(skewed, "model.layers.0.mlp.gate.weight");
  const RowReader reader(skewed, *skewed.Find("model.layers.0.mlp.gate.weight"),
                         codec::ReferenceBackend());
  for (uint64_t row = 0; row < kExperts; ++row) {
    std::vector<float> piece(kHidden);
    reader.ReadRows({row, row + 1}, piece);
    EXPECT_TRUE(std::ranges::equal(piece, std::span(whole).subspan(row * kHidden, kHidden))) << row;
  }
}

TEST(SkewedRouters, NeedExpertsToChooseFrom) {
  const auto code = [](std::string_view key, const nlohmann::json& value) {
    nlohmann::json config = Config();
    config[key] = value;
    try {
      OpenSynthetic(config, 5, 0, 1.0);
    } catch (const Error& error) {
      return ErrorCodeName(error.code());
    }
    return std::string_view("none");
  };
  EXPECT_EQ(code("num_experts", 0), "invalid_argument");
  EXPECT_EQ(code("num_experts_per_tok", kExperts), "invalid_argument");
  EXPECT_EQ(code("num_experts_per_tok", nullptr), "none");  // 8, as the family's default
  EXPECT_EQ(code("num_experts_per_tok", -1), "invalid_data");
  EXPECT_EQ(code("vocab_size", kVocab), "none");
}

}  // namespace
}  // namespace hlwq::checkpoint
