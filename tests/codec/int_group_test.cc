#include "codec/int_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace hlwq::codec {
namespace {

struct Coded {
  bool is_stored = false;
  std::vector<uint8_t> codes;
  float scale = 0;
  IntGroupSums sums;
  std::vector<float> decoded;

  double Error(const std::vector<float>& weights) const {
    double error = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      error += (double{weights[i]} - decoded[i]) * (double{weights[i]} - decoded[i]);
    }
    return error;
  }
};

Coded Code(const std::vector<float>& weights, const IntCoding& coding) {
  Coded out;
  std::vector<float> scratch(weights.size());
  out.codes.resize(weights.size());
  std::vector<std::byte> stored(BitsPerElement(coding.scale_dtype) / 8);
  out.is_stored = EncodeIntGroup(weights, coding, scratch, out.codes, stored, out.sums);
  uint32_t bits = 0;
  std::memcpy(&bits, stored.data(), stored.size());
  switch (coding.scale_dtype) {
    case DType::kBF16:
      out.scale = BF16ToF32(static_cast<uint16_t>(bits));
      break;
    case DType::kF16:
      out.scale = F16ToF32(static_cast<uint16_t>(bits));
      break;
    default:
      out.scale = std::bit_cast<float>(bits);
  }
  out.decoded.resize(weights.size());
  DecodeIntGroup(out.codes, out.scale, coding, out.decoded);
  return out;
}

std::vector<float> Weights(size_t count, float power, float size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> weights(count);
  for (float& w : weights) {
    const float z = normal(random);
    w = BF16ToF32(F32ToBF16(size * std::copysign(std::pow(std::abs(z), power), z)));
  }
  return weights;
}

TEST(EncodeIntGroup, SearchedScaleIsNeverWorseThanAbsmax) {
  for (int bits = kMinIntBits; bits <= kMaxIntBits; ++bits) {
    for (const DType dtype : {DType::kBF16, DType::kF16, DType::kF32}) {
      for (const size_t count : {1u, 7u, 32u, 128u, 600u}) {
        for (unsigned seed = 0; seed < 30; ++seed) {
          const float size = std::ldexp(1.0f, static_cast<int>(seed % 3) * 20 - 24);
          const auto weights = Weights(count, static_cast<float>(seed % 4) + 0.5f, size, seed);
          const Coded absmax = Code(weights, {bits, dtype, IntScaleRule::kAbsmax});
          const Coded mse = Code(weights, {bits, dtype, IntScaleRule::kMse});
          ASSERT_EQ(absmax.is_stored, mse.is_stored);
          if (!mse.is_stored) continue;
          EXPECT_LE(mse.Error(weights), absmax.Error(weights) * (1 + 1e-6))
              << bits << " bits, " << DTypeName(dtype) << ", " << count << ", seed " << seed;
        }
      }
    }
  }
}

TEST(EncodeIntGroup, SearchIsNearTheBestScaleOfAll) {
  // Every scale of the dtype from an eighth of absmax to 1.3 of it, of both signs.
  double searched = 0, best = 0, absmax = 0;
  const IntCoding coding = {4, DType::kBF16, IntScaleRule::kMse};
  for (unsigned seed = 0; seed < 40; ++seed) {
    const auto weights = Weights(128, 1, 0.02f, seed);
    searched += Code(weights, coding).Error(weights);
    absmax += Code(weights, {4, DType::kBF16, IntScaleRule::kAbsmax}).Error(weights);
    float largest = 0;
    for (const float w : weights) largest = std::max(largest, std::abs(w));
    const uint16_t top = F32ToBF16(1.3f * largest / coding.half_range());
    double least = std::numeric_limits<double>::infinity();
    for (uint16_t bits = F32ToBF16(largest / 8 / coding.half_range()); bits <= top; ++bits) {
      for (const double scale : {BF16ToF32(bits), -BF16ToF32(bits)}) {
        double error = 0;
        for (const float w : weights) {
          const double q = std::clamp(std::nearbyint(w / scale), -8.0, 7.0);
          error += (w - q * scale) * (w - q * scale);
        }
        least = std::min(least, error);
      }
    }
    best += least;
  }
  EXPECT_LE(searched, best * 1.01);
  EXPECT_GE(searched, best * (1 - 1e-6));
  EXPECT_LE(searched, absmax * 0.8);
}

TEST(EncodeIntGroup, SearchGivesTheLargestWeightTheSideWithOneIntegerMore) {
  // Exact on either side: -8 is there, +8 is not.
  for (const float sign : {1.0f, -1.0f}) {
    std::vector<float> weights;
    for (int k = -7; k <= 8; ++k) weights.push_back(sign * static_cast<float>(k));
    const Coded coded = Code(weights, {4, DType::kBF16, IntScaleRule::kMse});
    EXPECT_EQ(coded.scale, -sign);
    EXPECT_EQ(coded.decoded, weights);
  }
}

TEST(EncodeIntGroup, AbsmaxPutsTheLargestWeightAtTheEndOfTheRange) {
  const Coded coded = Code({-7.5f, 1.5f, 0.5f, 7.5f}, {4, DType::kBF16, IntScaleRule::kAbsmax});
  EXPECT_EQ(coded.scale, 1);
  // Halves to even, then the range: -7.5 to -8, 1.5 to 2, 0.5 to 0, 7.5 to 7.
  EXPECT_EQ(coded.codes, (std::vector<uint8_t>{0, 10, 8, 15}));
}

TEST(EncodeIntGroup, AbsmaxRoundsTheQuotientToTheScalesType) {
  // 3.498 is 3.5 in bfloat16, which goes to 4.
  const std::vector<float> weights = {7.5f, 3.498f};
  EXPECT_EQ(Code(weights, {4, DType::kBF16, IntScaleRule::kAbsmax}).codes[1], 12);
  EXPECT_EQ(Code(weights, {4, DType::kF16, IntScaleRule::kAbsmax}).codes[1], 11);
}

TEST(EncodeIntGroup, GroupsWithoutWeightsTakeTheLibrarysScale) {
  for (const auto rule : {IntScaleRule::kAbsmax, IntScaleRule::kMse}) {
    for (const auto& [dtype, scale] :
         {std::pair{DType::kBF16, 0x1p-7f}, {DType::kF16, 0x1p-10f}, {DType::kF32, 0x1p-23f}}) {
      const Coded coded = Code({0, -0.0f, 0}, {4, dtype, rule});
      EXPECT_TRUE(coded.sums.is_zero);
      EXPECT_EQ(coded.scale, scale);
      EXPECT_EQ(coded.codes, std::vector<uint8_t>(3, 8));
    }
  }
  // Too small for a scale of fp16.
  const Coded tiny = Code({1e-9f, -1e-9f}, {4, DType::kF16, IntScaleRule::kMse});
  EXPECT_TRUE(tiny.sums.is_zero);
  EXPECT_EQ(tiny.decoded, std::vector<float>(2, 0.0f));
}

TEST(EncodeIntGroup, WhatAScaleCannotHoldIsRefused) {
  EXPECT_FALSE(Code({1, NAN}, {}).is_stored);
  EXPECT_FALSE(Code({1, -INFINITY}, {}).is_stored);
  const std::vector<float> huge = {1, -3e38f};
  EXPECT_FALSE(Code(huge, {4, DType::kF16, IntScaleRule::kMse}).is_stored);
  const Coded coded = Code(huge, {4, DType::kBF16, IntScaleRule::kMse});
  ASSERT_TRUE(coded.is_stored);
  EXPECT_NEAR(coded.decoded[1] / huge[1], 1, 0.1);
}

TEST(EncodeIntGroup, SubnormalWeightsKeepTheirScale) {
  const Coded coded = Code({3e-42f, -3e-42f, 1e-42f}, {4, DType::kF32, IntScaleRule::kMse});
  ASSERT_TRUE(coded.is_stored);
  EXPECT_FALSE(coded.sums.is_zero);
  EXPECT_NEAR(coded.decoded[1] / -3e-42f, 1, 0.1);
}

TEST(EncodeIntGroup, SumsAreThoseOfTheDecodedWeights) {
  for (const float size : {1e-30f, 1.0f, 1e30f}) {
    const auto weights = Weights(300, 1, size, 7);
    const Coded coded = Code(weights, {});
    double energy = 0, along = 0, levels = 0, largest = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      energy += double{weights[i]} * weights[i];
      along += double{weights[i]} * coded.decoded[i];
      levels += double{coded.decoded[i]} * coded.decoded[i];
      largest = std::max(largest, std::abs(double{weights[i]} - coded.decoded[i]));
    }
    const double unit = coded.sums.unit, scale = coded.sums.scale;
    EXPECT_NEAR(unit * unit * coded.sums.energy / energy, 1, 1e-5);
    EXPECT_NEAR(unit * scale * coded.sums.along / along, 1, 1e-5);
    EXPECT_NEAR(scale * scale * coded.sums.levels / levels, 1, 1e-5);
    EXPECT_NEAR(unit * unit * coded.sums.error / coded.Error(weights), 1, 1e-5);
    EXPECT_NEAR(unit * coded.sums.max_error / largest, 1, 1e-5);
  }
}

}  // namespace
}  // namespace hlwq::codec
