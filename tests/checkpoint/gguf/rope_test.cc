#include "checkpoint/gguf/rope.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "io/gguf.h"
#include "tests/support/gguf_builder.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;
using test::GgufBuilder;

// As llama.cpp's converter computes them, branch by branch.
std::vector<float> Llama3Factors(size_t head_dim, double theta, double factor, double low,
                                 double high, double context) {
  std::vector<float> factors;
  for (size_t i = 0; i < head_dim / 2; ++i) {
    const double wavelength =
        2 * std::numbers::pi *
        std::pow(theta, 2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
    if (wavelength < context / high) {
      factors.push_back(1);
    } else if (wavelength > context / low) {
      factors.push_back(static_cast<float>(factor));
    } else {
      const double smooth = (context / wavelength - low) / (high - low);
      factors.push_back(static_cast<float>(1 / ((1 - smooth) / factor + smooth)));
    }
  }
  return factors;
}

TEST(Llama3Scaling, DerivesThePublishedParameters) {
  for (const size_t head_dim : {64, 128}) {
    for (const double factor : {8.0, 32.0}) {
      const json scaling =
          DeriveLlama3Scaling(Llama3Factors(head_dim, 500000, factor, 1, 4, 8192), 500000, 0);
      EXPECT_EQ(scaling, (json{{"rope_type", "llama3"},
                               {"factor", factor},
                               {"low_freq_factor", 1.0},
                               {"high_freq_factor", 4.0},
                               {"original_max_position_embeddings", 8192}}));
    }
  }
}

TEST(Llama3Scaling, DerivesOtherParametersFromTheBlend) {
  const json scaling = DeriveLlama3Scaling(Llama3Factors(128, 10000, 5, 1, 16, 4000), 10000, 0);
  EXPECT_EQ(scaling["original_max_position_embeddings"], 4000);
  EXPECT_EQ(scaling["high_freq_factor"], 16.0);
}

// Only ratios show: (2, 8, n) is (1, 4, n / 2).
TEST(Llama3Scaling, ScaleOfTheParametersIsConvention) {
  const json scaling = DeriveLlama3Scaling(Llama3Factors(128, 500000, 8, 2, 8, 8192), 500000, 0);
  EXPECT_EQ(scaling["original_max_position_embeddings"], 4096);
  EXPECT_EQ(scaling["high_freq_factor"], 4.0);
}

TEST(Llama3Scaling, OnesAreNoScaling) {
  EXPECT_TRUE(DeriveLlama3Scaling(std::vector<float>(32, 1.0f), 10000, 0).is_null());
}

TEST(Llama3Scaling, OtherFactorsAreRefused) {
  std::vector<float> factors = Llama3Factors(128, 500000, 8, 1, 4, 8192);
  for (const auto& spoil : std::vector<std::function<void(std::vector<float>&)>>{
           [](auto& f) { f[3] = 2; }, [](auto& f) { f[40] = std::nanf(""); },
           [](auto& f) { f.back() = std::numeric_limits<float>::infinity(); },
           [](auto& f) { std::fill(f.begin(), f.end(), 0.0f); }, [](auto& f) { f[30] *= 1.001f; },
           [](auto& f) { std::fill(f.begin(), f.end(), -1.0f); }}) {
    std::vector<float> spoiled = factors;
    spoil(spoiled);
    EXPECT_THROW(DeriveLlama3Scaling(spoiled, 500000, 8192), Error);
  }
}

json Scaling(const GgufBuilder& builder) {
  GgufModel model;
  model.family = FindFamily("qwen2");
  model.head_dim = 64;
  const std::string file = builder.File();
  return ReadRopeScaling(io::ParseGguf(std::as_bytes(std::span(file)), file.size()), model,
                         [](const io::GgufTensor&) { return std::vector<std::byte>(); });
}

TEST(RopeScaling, LinearAndYarnAreMapped) {
  EXPECT_TRUE(Scaling(GgufBuilder()).is_null());
  EXPECT_TRUE(Scaling(GgufBuilder().String("qwen2.rope.scaling.type", "none")).is_null());
  EXPECT_EQ(Scaling(GgufBuilder().Float("qwen2.rope.scale_linear", 2)),
            (json{{"rope_type", "linear"}, {"factor", 2.0}}));
  EXPECT_EQ(Scaling(GgufBuilder()
                        .String("qwen2.rope.scaling.type", "yarn")
                        .Float("qwen2.rope.scaling.factor", 4)
                        .Uint("qwen2.rope.scaling.original_context_length", 32768)
                        .Float("qwen2.rope.scaling.yarn_beta_fast", 16)),
            (json{{"rope_type", "yarn"},
                  {"factor", 4.0},
                  {"original_max_position_embeddings", 32768},
                  {"beta_fast", 16.0}}));
}

TEST(RopeScaling, BentYarnIsRefused) {
  GgufBuilder builder;
  builder.String("qwen2.rope.scaling.type", "yarn")
      .Float("qwen2.rope.scaling.factor", 4)
      .Uint("qwen2.rope.scaling.original_context_length", 32768)
      .Float("qwen2.rope.scaling.yarn_log_multiplier", 0.1f);
  EXPECT_NO_THROW(Scaling(builder));
  EXPECT_THROW(Scaling(builder.Float("qwen2.rope.scaling.attn_factor", 1.5f)), Error);
}

TEST(ShortestDecimal, UndoesTheWideningOfAFloat) {
  EXPECT_EQ(ShortestDecimal(1e-5f), 1e-5);
  EXPECT_EQ(ShortestDecimal(0.1), 0.1);  // a float64 stays
  EXPECT_EQ(ShortestDecimal(500000), 500000);
}

}  // namespace
}  // namespace hlwq::checkpoint
