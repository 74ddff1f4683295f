#include "codec/ggml_encode.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/shared_data.h"

namespace hlwq::codec {
namespace {

constexpr std::array kEncoded = {GgmlType::kQ4_0, GgmlType::kQ5_0, GgmlType::kQ8_0};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<std::byte> Encode(GgmlType type, std::span<const float> weights, uint64_t in) {
  std::vector<std::byte> blocks(weights.size() / GgmlBlockWeights(type) * GgmlBlockBytes(type));
  EncodeGgml(type, weights, in, 0, blocks);
  return blocks;
}

std::vector<float> Decode(GgmlType type, std::span<const std::byte> blocks) {
  std::vector<float> weights(blocks.size() / GgmlBlockBytes(type) * GgmlBlockWeights(type));
  DecodeGgml(type, blocks, weights);
  return weights;
}

std::vector<float> NormalWeights(size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> weights(count);
  for (float& weight : weights) weight = normal(random);
  return weights;
}

// What an encoder throws for `weights` [2, 64], from row 10 on; kUnsupported: nothing.
ErrorCode CodeFor(GgmlType type, std::span<const float> weights, std::string& message) {
  std::vector<std::byte> blocks(weights.size() / 32 * GgmlBlockBytes(type));
  try {
    EncodeGgml(type, weights, 64, 10, blocks);
  } catch (const Error& error) {
    message = error.what();
    return error.code();
  }
  return ErrorCode::kUnsupported;
}

class GgmlEncode : public testing::TestWithParam<GgmlType> {};

// The judge is the Python gguf package (tools/golden/make_ggml_golden.py).
TEST_P(GgmlEncode, WritesTheBytesOfTheReference) {
  const std::string name(GgmlTypeName(GetParam()));
  const std::string golden =
      ReadSmallFile(test::Golden("good/ggml/" + name + "-encode.bin"), 1 << 20);
  uint32_t count = 0;
  std::memcpy(&count, golden.data(), sizeof(count));
  ASSERT_GT(count, 0u);
  std::vector<float> weights(count);
  std::memcpy(weights.data(), golden.data() + 4, 4ull * count);
  const std::vector<std::byte> got = Encode(GetParam(), weights, 32);
  const auto want = std::as_bytes(std::span(golden)).subspan(4 + 4ull * count);
  ASSERT_EQ(want.size(), got.size());
  const uint32_t block_bytes = GgmlBlockBytes(GetParam());
  for (size_t block = 0; block < got.size() / block_bytes; ++block) {
    ASSERT_EQ(std::memcmp(&got[block * block_bytes], &want[block * block_bytes], block_bytes), 0)
        << "block " << block;
  }
}

TEST_P(GgmlEncode, DecodesToWithinHalfAStepAndOneAtTheFarEnd) {
  const float levels = GetParam() == GgmlType::kQ8_0 ? 127 : GetParam() == GgmlType::kQ5_0 ? 16 : 8;
  const std::vector<float> weights = NormalWeights(32 * 500);
  const std::vector<float> decoded = Decode(GetParam(), Encode(GetParam(), weights, 320));
  double worst = 0;
  for (size_t first = 0; first < weights.size(); first += 32) {
    float largest = 0;
    for (size_t i = 0; i < 32; ++i) {
      if (std::abs(weights[first + i]) > std::abs(largest)) largest = weights[first + i];
    }
    const double step = std::abs(double{largest}) / levels;
    for (size_t i = 0; i < 32; ++i) {
      const double weight = weights[first + i];
      const bool is_far =
          levels != 127 && weight * largest < 0 && std::abs(weight) > (double{levels} - 1.5) * step;
      const double error = std::abs(weight - decoded[first + i]) / step;
      EXPECT_LE(error, (is_far ? 1.0 : 0.5) + levels * 0x1p-11 + 1e-4) << first + i;
      worst = std::max(worst, error);
    }
  }
  EXPECT_GT(worst, 0.4) << "an encoder this exact is not one of this format";
}

// Whole steps of a scale that fp16 holds, the largest at the near end, come back as they are.
TEST_P(GgmlEncode, KeepsWhatIsOnTheGrid) {
  std::vector<float> weights(64);
  const int levels = GetParam() == GgmlType::kQ8_0 ? 127 : GetParam() == GgmlType::kQ5_0 ? 16 : 8;
  for (int i = 0; i < 64; ++i)
    weights[static_cast<size_t>(i)] = static_cast<float>(i % levels) / 64;
  weights[5] = weights[40] = static_cast<float>(-levels) / 64;
  EXPECT_EQ(Decode(GetParam(), Encode(GetParam(), weights, 64)), weights);
}

TEST_P(GgmlEncode, SplitsAtAnyRow) {
  const std::vector<float> weights = NormalWeights(5 * 96);
  const std::vector<std::byte> whole = Encode(GetParam(), weights, 96);
  std::vector<std::byte> parts = Encode(GetParam(), std::span(weights).first(2 * 96), 96);
  const std::vector<std::byte> rest = Encode(GetParam(), std::span(weights).subspan(2 * 96), 96);
  parts.insert(parts.end(), rest.begin(), rest.end());
  EXPECT_EQ(parts, whole);
}

TEST_P(GgmlEncode, TinyBlocksAreZero) {
  for (const float tiny : {0.0f, -0.0f, 1e-45f, -1e-40f, 1e-38f}) {
    const std::vector<float> weights(32, tiny);
    for (const float weight : Decode(GetParam(), Encode(GetParam(), weights, 32))) {
      EXPECT_EQ(weight, 0) << tiny;
    }
  }
}

TEST_P(GgmlEncode, RefusesWhatIsNotFiniteAndSaysWhere) {
  for (const float bad : {std::nanf(""), kInfinity, -kInfinity}) {
    std::vector<float> weights = NormalWeights(128);
    weights[64 + 41] = bad;
    std::string message;
    EXPECT_EQ(CodeFor(GetParam(), weights, message), ErrorCode::kNonFinite) << bad;
    EXPECT_THAT(message, testing::StartsWith("row 11, columns 32..63: want finite values, got "));
    EXPECT_THAT(message, testing::EndsWith(" in column 41"));
  }
}

TEST_P(GgmlEncode, RefusesAScaleBeyondFp16) {
  const float levels = GetParam() == GgmlType::kQ8_0 ? 127 : GetParam() == GgmlType::kQ5_0 ? 16 : 8;
  std::vector<float> weights = NormalWeights(128);
  weights[3] = -65504 * levels;
  std::string message;
  EXPECT_EQ(CodeFor(GetParam(), weights, message), ErrorCode::kUnsupported) << message;
  for (const float huge : {65520 * levels, -3e38f}) {
    weights[3] = huge;
    EXPECT_EQ(CodeFor(GetParam(), weights, message), ErrorCode::kNonFinite) << huge;
    EXPECT_THAT(message,
                testing::StartsWith(
                    "row 10, columns 0..31: want a scale that fp16 can hold, got values up"));
  }
}

INSTANTIATE_TEST_SUITE_P(Encoded, GgmlEncode, testing::ValuesIn(kEncoded),
                         [](const auto& type) { return std::string(GgmlTypeName(type.param)); });

TEST(GgmlEncodeTypes, AreThreeOfAll) {
  int encodable = 0;
  for (uint32_t number = 0; number < 64; ++number) {
    const std::optional<GgmlType> type = GgmlTypeFromNumber(number);
    encodable += type && CanEncodeGgml(*type);
  }
  EXPECT_EQ(encodable, 3);
}

}  // namespace
}  // namespace hlwq::codec
