#include "codec/hlwq_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/error.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::codec {
namespace {

using test::CodedMatrix;
using test::Encode;
using test::GaussianMatrix;

CodecSpec Spec(int bits, const char* rule = "search") {
  return {.parameters = HlwqParameters{.scale_rule = ScaleRuleFromName(rule)},
          .bits = bits,
          .levels = {}};
}

TEST(HlwqParts, ShapesAndSizesAreThoseOfTheFormat) {
  const auto parts = MakeReferenceCodec(Spec(5))->Parts({3, 300});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].suffix, "__packed");
  EXPECT_EQ(parts[0].dtype, DType::kU8);
  EXPECT_EQ(parts[0].shape, (Shape{3 * 3 * 80}));
  EXPECT_EQ(parts[0].units, (RowUnits{240}));
  EXPECT_EQ(parts[1].suffix, "__norms");
  EXPECT_EQ(parts[1].shape, (Shape{3, 3}));
  EXPECT_EQ(parts[1].bytes, 18u);
  EXPECT_EQ(parts[2].suffix, "__meta");
  EXPECT_TRUE(parts[2].is_constant());
  std::array<int64_t, 5> meta;
  ASSERT_EQ(parts[2].constant_data.size(), sizeof(meta));
  std::memcpy(meta.data(), parts[2].constant_data.data(), sizeof(meta));
  EXPECT_EQ(meta, (std::array<int64_t, 5>{3, 3, 128, 1152, 300}));
}

TEST(HlwqParts, BitsPerWeightCountsNormsPaddingAndShape) {
  const auto codec = MakeReferenceCodec(Spec(5));
  EXPECT_NEAR(codec->BitsPerWeight({4096, 4096}), 5 + 16.0 / 128, 1e-4);
  EXPECT_EQ(codec->BitsPerWeight({1, 1}), 8 * (80 + 2 + 40));
}

TEST(HlwqParts, SizesThatDoNotFitAreRefused) {
  const auto codec = MakeReferenceCodec(Spec(8));
  for (const MatrixShape shape :
       {MatrixShape{UINT64_MAX, 1}, MatrixShape{1, UINT64_MAX},
        MatrixShape{uint64_t{1} << 40, uint64_t{1} << 40}, MatrixShape{1, 0}}) {
    EXPECT_THAT([&] { codec->Parts(shape); },
                testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kUnsupported)));
  }
}

TEST(HlwqEncode, NormsBeyondFp16AreNamed) {
  const auto codec = MakeReferenceCodec(Spec(5));
  EXPECT_EQ(test::RefusalOf(*codec, 70000),
            "row 102, columns 256..299: want a norm below 65520, which fp16 can hold, got 70000");
}

TEST(HlwqDecode, LegacyBitOrdersDecodeTheSameCodes) {
  for (const auto& [order, bits] : {std::pair{"lsb", 5},
                                    {"half-nibble", 3},
                                    {"half-nibble", 4},
                                    {"plain", 1},
                                    {"plain", 5},
                                    {"plain", 8}}) {
    const uint64_t in = 200;
    const auto weights = GaussianMatrix(3, in, 0.03f);
    const auto codec = MakeReferenceCodec(Spec(bits));
    const CodedMatrix coded = Encode(*codec, weights, in);
    const auto legacy = MakeReferenceCodec(test::InWords(Spec(bits), {{"bit_order", order}}));
    const BitOrder bit_order = *BitOrderFromName(order);
    const auto parts = legacy->Parts({3, in});
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].shape, (Shape{3, 2 * PackedBlockBytes(bit_order, bits)}));
    std::vector<std::byte> packed;
    for (size_t block = 0; block < 6; ++block) {
      std::array<uint8_t, kBlockSize> codes;
      const auto size = static_cast<size_t>(16 * bits);
      UnpackBlock(BitOrder::kMsb, bits, std::span(coded.parts[0]).subspan(block * size, size),
                  codes);
      std::vector<std::byte> bytes(PackedBlockBytes(bit_order, bits));
      PackBlock(bit_order, bits, codes, bytes);
      packed.insert(packed.end(), bytes.begin(), bytes.end());
    }
    std::vector<float> want(weights.size()), got(weights.size());
    codec->DecodeRows(coded.ConstParts(), in, want);
    const std::array<std::span<const std::byte>, 2> legacy_parts = {packed, coded.parts[1]};
    legacy->DecodeRows(legacy_parts, in, got);
    EXPECT_EQ(want, got) << order << bits;
    ErrorStats stats;
    CodedMatrix out(*legacy, 3, in);
    EXPECT_THAT([&] { legacy->EncodeRows(weights, in, 0, out.Rows(0, 3), stats); },
                testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kUnsupported)));
  }
}

}  // namespace
}  // namespace hlwq::codec
