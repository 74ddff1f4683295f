#include "codec/pack_quantized_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::codec {
namespace {

using test::CodedMatrix;
using test::Encode;
using test::GaussianMatrix;

CodecSpec Spec(int bits = 4, uint32_t group = 128) {
  return {.parameters = PackQuantizedParameters{.scale_group = group}, .bits = bits, .levels = {}};
}

TEST(PackQuantizedParts, ShapesAndSizesAreThoseOfTheFormat) {
  const auto parts = MakeReferenceCodec(Spec())->Parts({3, 256});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].suffix, "_packed");
  EXPECT_EQ(parts[0].dtype, DType::kI32);
  EXPECT_EQ(parts[0].shape, (Shape{3, 32}));
  EXPECT_EQ(parts[0].units, (RowUnits{128}));
  EXPECT_EQ(parts[1].suffix, "_scale");
  EXPECT_EQ(parts[1].dtype, DType::kBF16);
  EXPECT_EQ(parts[1].shape, (Shape{3, 2}));
  EXPECT_EQ(parts[1].bytes, 12u);
  EXPECT_EQ(parts[2].suffix, "_shape");
  EXPECT_EQ(parts[2].dtype, DType::kI64);
  EXPECT_TRUE(parts[2].is_constant());
  std::array<int64_t, 2> sides;
  ASSERT_EQ(parts[2].constant_data.size(), sizeof(sides));
  std::memcpy(sides.data(), parts[2].constant_data.data(), sizeof(sides));
  EXPECT_EQ(sides, (std::array<int64_t, 2>{3, 256}));
}

TEST(PackQuantizedParts, OneScaleForARowAndPaddedWords) {
  CodecSpec spec = Spec(5, 0);
  std::get<PackQuantizedParameters>(spec.parameters).scale_dtype = DType::kF32;
  EXPECT_EQ(MakeReferenceCodec(spec)->Parts({3, 13})[0].shape, (Shape{3, 3}));
  EXPECT_EQ(MakeReferenceCodec(spec)->Parts({3, 13})[1].shape, (Shape{3, 1}));
  EXPECT_EQ(MakeReferenceCodec(spec)->Parts({3, 13})[1].bytes, 12u);
  EXPECT_EQ(MakeReferenceCodec(spec)->Parts({3, 6})[0].shape, (Shape{3, 1}));
  std::get<PackQuantizedParameters>(spec.parameters).word_order = WordOrder::kWhole;
  EXPECT_EQ(MakeReferenceCodec(spec)->Parts({3, 6})[0].shape, (Shape{3, 1}));
  EXPECT_EQ(MakeReferenceCodec(spec)->Parts({3, 60})[0].shape, (Shape{3, 10}));
}

TEST(PackQuantizedParts, RowsOfPartGroupsAreRefused) {
  EXPECT_THAT(
      [] {
        MakeReferenceCodec(Spec())->Parts({3, 200});
      },
      testing::Throws<Error>(testing::AllOf(
          testing::Property(&Error::code, ErrorCode::kUnsupported),
          testing::Property(&Error::what,
                            testing::HasSubstr("want rows of whole groups of 128, got 200")))));
  EXPECT_THAT(
      [] {
        MakeReferenceCodec(Spec(8, 0))->Parts({UINT64_MAX / 2, 1 << 20});
      },
      testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kUnsupported)));
}

TEST(PackQuantizedSpec, ParametersOutOfRangeAreNamed) {
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
  expect([](auto& spec) { spec.bits = 1; }, "codec pack-quantized: want bits in 2..8, got 1");
  expect([](auto& spec) { spec.bits = 9; }, "want bits in 2..8, got 9");
  expect_words("version", 2, "want version 1, got 2");
  expect_words("table", "lloyd-max", "want table integers, got lloyd-max");
  expect_words("scale_rule", "norm", "want scale rule mse or absmax, got norm");
  expect_words("bit_order", "msb", "want bit order lsb or lsb-words, got msb");
  expect_words("block_size", 128, "want blocks of 1, got 128");
  expect_words("scale_dtype", "U8", "want scales of F16, BF16 or F32, got U8");
  expect([](auto& spec) { spec.levels = {1, 2}; }, "levels are not the integers of 4 bits");
}

TEST(PackQuantizedSpec, JsonRoundTripIsExact) {
  CodecSpec spec = MakeReferenceCodec(Spec(3, 0))->spec();
  const nlohmann::json json = SpecToJson(spec);
  EXPECT_EQ(json.at("scale_dtype"), "BF16");
  EXPECT_EQ(SpecFromJson(json), spec);
  EXPECT_FALSE(SpecToJson(CodecSpec()).contains("scale_dtype"));
}

TEST(PackQuantizedEncode, ScalesThatOverflowAreNamed) {
  CodecSpec spec = Spec();
  std::get<PackQuantizedParameters>(spec.parameters).scale_dtype = DType::kF16;
  EXPECT_EQ(test::RefusalOf(*MakeReferenceCodec(spec), 7.5e5f),
            "row 102, columns 256..383: want a scale that F16 can hold, got 100000");
}

TEST(PackQuantizedEncode, CodesAreWordsOfTheRow) {
  std::vector<float> weights(16);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i) - 8;
  CodecSpec spec = Spec(4, 16);
  std::get<PackQuantizedParameters>(spec.parameters).scale_rule = IntScaleRule::kAbsmax;
  weights[0] = -7.5f;
  weights[15] = 7.5f;
  const CodedMatrix coded = Encode(*MakeReferenceCodec(spec), weights, 16);
  std::array<uint32_t, 2> words;
  ASSERT_EQ(coded.parts[0].size(), sizeof(words));
  std::memcpy(words.data(), coded.parts[0].data(), sizeof(words));
  EXPECT_EQ(words, (std::array<uint32_t, 2>{0x76543210u, 0xFEDCBA98u}));
  EXPECT_EQ(coded.parts[1], (std::vector<std::byte>{std::byte{0x80}, std::byte{0x3F}}));
}

TEST(PackQuantizedEncode, GroupsOfEverySizeDecodeToTheirWeights) {
  for (const uint32_t group : {0u, 1u, 6u, 32u, 64u, 96u, 192u}) {
    for (const char* order : {"lsb", "lsb-words"}) {
      for (int bits = 2; bits <= 8; ++bits) {
        const auto codec =
            MakeReferenceCodec(test::InWords(Spec(bits, group), {{"bit_order", order}}));
        const auto weights = GaussianMatrix(3, 192, 0.02f);
        const CodedMatrix coded = Encode(*codec, weights, 192);
        std::vector<float> back(weights.size());
        codec->DecodeRows(coded.ConstParts(), 192, back);
        ErrorStats exact;
        for (size_t i = 0; i < weights.size(); ++i) exact.AddPair(weights[i], back[i]);
        EXPECT_NEAR(coded.stats.noise, exact.noise, 1e-3 * exact.noise + 1e-12);
        // A quarter of the signal at two bits, six decibels less a bit.
        EXPECT_LT(exact.noise, exact.signal * std::pow(4.0, -(bits - 1)))
            << group << " " << order << " " << bits;
      }
    }
  }
}

}  // namespace
}  // namespace hlwq::codec
