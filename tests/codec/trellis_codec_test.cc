#include "codec/trellis_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::codec {
namespace {

using test::CodedMatrix;
using test::Encode;
using test::GaussianMatrix;

CodecSpec Spec(int bits = 5) {
  CodecSpec spec = DefaultSpec(kTrellisCodec);
  spec.bits = bits;
  return spec;
}

TEST(TrellisParts, ShapesAndSizesAreThoseOfTheFormat) {
  const auto parts = MakeReferenceCodec(Spec(5))->Parts({17, 300});
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[0].suffix, "__tcodes");
  EXPECT_EQ(parts[0].dtype, DType::kU8);
  EXPECT_EQ(parts[0].shape, (Shape{2 * 5 * 16 * 40}));
  EXPECT_EQ(parts[0].units, (RowUnits{5 * 16 * 40, 16}));
  EXPECT_EQ(parts[1].suffix, "__tscales");
  EXPECT_EQ(parts[1].dtype, DType::kU8);
  EXPECT_EQ(parts[1].shape, (Shape{2, 5, 16}));
  EXPECT_EQ(parts[1].bytes, 160u);
  EXPECT_EQ(parts[1].units, (RowUnits{80, 16}));
  EXPECT_EQ(parts[2].suffix, "__trows");
  EXPECT_EQ(parts[2].dtype, DType::kBF16);
  EXPECT_EQ(parts[2].shape, (Shape{17}));
  EXPECT_EQ(parts[2].units, (RowUnits{2}));
  EXPECT_EQ(parts[3].suffix, "__tmeta");
  EXPECT_TRUE(parts[3].is_constant());
  std::array<int64_t, 5> meta;
  ASSERT_EQ(parts[3].constant_data.size(), sizeof(meta));
  std::memcpy(meta.data(), parts[3].constant_data.data(), sizeof(meta));
  EXPECT_EQ(meta, (std::array<int64_t, 5>{17, 3, 128, 6528, 300}));
}

TEST(TrellisParts, RateIsThatOfThePlainCodecAndTwoBytesARow) {
  for (int bits = kMinTrellisBits; bits <= kMaxTrellisBits; ++bits) {
    EXPECT_NEAR(MakeReferenceCodec(Spec(bits))->BitsPerWeight({4096, 4096}),
                bits + 8.0 / 64 + 16.0 / 4096, 1e-4);
    // Half a block at the end of a row costs half of one.
    EXPECT_NEAR(MakeReferenceCodec(Spec(bits))->BitsPerWeight({4096, 576}),
                bits + 8.0 / 64 + 16.0 / 576, 3e-4);
  }
}

TEST(TrellisSpec, ParametersOutOfRangeAreNamed) {
  const auto expect = [](const std::function<void(CodecSpec&)>& change, const char* text) {
    CodecSpec spec = Spec();
    change(spec);
    EXPECT_THAT([&] { MakeReferenceCodec(spec); },
                testing::Throws<Error>(testing::Property(&Error::what, testing::HasSubstr(text))));
  };
  const auto expect_words = [](const char* key, const nlohmann::json& word, const char* text) {
    EXPECT_THAT(
        [&] {
          MakeReferenceCodec(test::InWords(Spec(), {{key, word}}));
        },
        testing::Throws<Error>(testing::Property(&Error::what, testing::HasSubstr(text))));
  };
  expect([](auto& spec) { spec.bits = 1; }, "codec hlwq-t: want bits in 2..6, got 1");
  expect([](auto& spec) { spec.bits = 7; }, "want bits in 2..6, got 7");
  expect_words("version", 1, "version 1 is no longer read, want version 2: quantize again");
  expect_words("version", 3, "want version 2, got 3");
  expect_words("table", "lloyd-max", "want table trellis-gauss, got 'lloyd-max'");
  expect_words("scale_rule", "norm", "want effort fast, default or best");
  expect_words("bit_order", "msb", "want bit order tiles, got msb");
  expect_words("block_size", 64, "want blocks of 128, got 64");
  expect_words("scale_group", 128, "want groups of 64, got 128");
  expect([](auto& spec) { spec.levels = {1, 2}; }, "want 64 levels for 5 bits, got 2");
}

TEST(TrellisEncode, SquaresBeyondFloat32AreNamed) {
  const auto codec = MakeReferenceCodec(Spec());
  EXPECT_EQ(test::RefusalOf(*codec, 1e30f),
            "row 102, columns 256..299: want squares that float32 can hold, got 1e+30");
}

TEST(TrellisEncode, LargeWeightsThatHalfPrecisionCannotHoldAreStored) {
  const auto codec = MakeReferenceCodec(Spec());
  const auto weights = GaussianMatrix(2, 256, 1e6f);
  EXPECT_GT(Encode(*codec, weights, 256).stats.SnrDb(), 28);
}

TEST(TrellisDecode, ZerosAreNotNegative) {
  const auto codec = MakeReferenceCodec(Spec());
  const std::vector<float> weights(2 * 200, -0.0f);
  std::vector<float> back(weights.size(), 1);
  codec->DecodeRows(Encode(*codec, weights, 200).ConstParts(), 200, back);
  for (const float weight : back) EXPECT_FALSE(std::signbit(weight));
}

TEST(TrellisDecode, AnyBytesDecode) {
  const auto codec = MakeReferenceCodec(Spec());
  std::mt19937 random(1);
  CodedMatrix coded(*codec, 3, 200);
  for (auto& part : coded.parts) {
    for (std::byte& byte : part) byte = static_cast<std::byte>(random());
  }
  std::vector<float> weights(3 * 200);
  for (const uint16_t row : {0x3F80, 0xBF80, 0x7FC0, 0x7F80}) {  // 1, -1, NaN, infinity
    std::memcpy(coded.parts[2].data(), &row, sizeof(row));
    EXPECT_NO_THROW(codec->DecodeRows(coded.ConstParts(), 200, weights));
  }
}

}  // namespace
}  // namespace hlwq::codec
