// What holds for every codec, whatever its parts are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codec/codec.h"
#include "codec/float_rows.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::codec {
namespace {

using test::CodedMatrix;
using test::Encode;
using test::GaussianMatrix;

class EveryCodec : public testing::TestWithParam<CodecSpec> {};
INSTANTIATE_TEST_SUITE_P(Specs, EveryCodec, testing::ValuesIn(test::EverySpec()),
                         [](const auto& param) { return test::SpecName(param.param); });

TEST_P(EveryCodec, DecodedErrorIsWhatTheStatsSay) {
  const auto codec = MakeReferenceCodec(GetParam());
  for (const uint64_t width : {1u, 127u, 128u, 129u, 300u, 384u}) {
    const uint64_t in = test::WidthFrom(width, GetParam());
    const auto weights = GaussianMatrix(5, in, 0.03f);
    const CodedMatrix coded = Encode(*codec, weights, in);
    std::vector<float> back(weights.size());
    codec->DecodeRows(coded.ConstParts(), in, back);
    ErrorStats exact;
    for (size_t i = 0; i < weights.size(); ++i) exact.AddPair(weights[i], back[i]);
    EXPECT_EQ(coded.stats.count, exact.count);
    EXPECT_NEAR(coded.stats.signal / exact.signal, 1, 1e-5);
    EXPECT_NEAR(coded.stats.noise / exact.noise, 1, 1e-3);
    EXPECT_NEAR(coded.stats.dot / exact.dot, 1, 1e-4);
    EXPECT_NEAR(coded.stats.decoded / exact.decoded, 1, 1e-4);
    EXPECT_NEAR(coded.stats.max_abs_error / exact.max_abs_error, 1, 1e-3);
  }
}

TEST_P(EveryCodec, ChunksOfWholeUnitsGiveTheSameBytesAndCounts) {
  const auto codec = MakeReferenceCodec(GetParam());
  for (const uint64_t width : {256u, 200u}) {
    const uint64_t in = test::WidthFrom(width, GetParam());
    const size_t rows = 37;
    const auto weights = GaussianMatrix(rows, in, 0.03f);
    const CodedMatrix whole = Encode(*codec, weights, in);
    CodedMatrix pieces(*codec, rows, in);
    for (size_t row = 0; row < rows;) {
      const size_t count = std::min(rows - row, (1 + row % 5) * codec->unit_rows());
      const auto parts = pieces.Rows(row, count);
      codec->EncodeRows(std::span(weights).subspan(row * in, count * in), in, row, parts,
                        pieces.stats);
      row += count;
    }
    EXPECT_EQ(whole.parts, pieces.parts);
    EXPECT_EQ(whole.stats.code_use, pieces.stats.code_use);
    EXPECT_EQ(whole.stats.coordinates, pieces.stats.coordinates);
  }
}

TEST_P(EveryCodec, SourceTypesCodeAsTheirFloats) {
  const auto codec = MakeReferenceCodec(GetParam());
  const uint64_t in = test::WidthFrom(200, GetParam());
  const auto weights = GaussianMatrix(3, in, 0.03f);
  for (const DType dtype : {DType::kBF16, DType::kF16, DType::kF32}) {
    std::vector<std::byte> narrow(weights.size() * BitsPerElement(dtype) / 8);
    FromFloatReference(weights, dtype, narrow);
    std::vector<float> wide(weights.size());
    ToFloatReference(dtype, narrow, wide);
    const CodedMatrix from_floats = Encode(*codec, wide, in);
    CodedMatrix direct(*codec, 3, in);
    codec->EncodeRowsFrom(dtype, narrow, in, 0, direct.Rows(0, 3), direct.stats);
    EXPECT_EQ(from_floats.parts, direct.parts);

    std::vector<float> decoded(weights.size());
    codec->DecodeRows(direct.ConstParts(), in, decoded);
    std::vector<std::byte> want(narrow.size()), got(narrow.size());
    FromFloatReference(decoded, dtype, want);
    codec->DecodeRowsTo(dtype, direct.ConstParts(), in, got);
    EXPECT_EQ(want, got);
  }
}

TEST_P(EveryCodec, ValuesThatAreNotFiniteAreNamed) {
  const auto codec = MakeReferenceCodec(GetParam());
  const uint64_t last = test::WidthFrom(300, GetParam()) - 1;
  for (const auto& [bad, text] : {std::pair{NAN, "nan"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}}) {
    EXPECT_EQ(test::RefusalOf(*codec, bad), "row 102, columns 256.." + std::to_string(last) +
                                                ": want finite values, got " + text +
                                                " in column 260");
  }
}

TEST_P(EveryCodec, BuffersThatDoNotFitAreRefused) {
  const auto codec = MakeReferenceCodec(GetParam());
  const std::vector<float> weights(256);
  CodedMatrix out(*codec, 1, 128);
  EXPECT_THAT([&] { codec->EncodeRows(weights, 128, 0, out.Rows(0, 1), out.stats); },
              testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kInvalidArgument)));
  std::vector<float> back(256);
  EXPECT_THAT([&] { codec->DecodeRows(out.ConstParts(), 128, back); },
              testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kInvalidArgument)));
}

TEST_P(EveryCodec, SampledBlocksAreCountedByTheirPlaceInTheMatrix) {
  const auto codec = MakeReferenceCodec(GetParam());
  const CodedMatrix coded = Encode(*codec, GaussianMatrix(300, 128, 0.03f), 128);
  const size_t levels = codec->spec().levels.size();
  uint64_t codes = 0, coordinates = 0;
  for (size_t level = 0; level < coded.stats.code_use.size(); ++level) {
    codes += coded.stats.code_use[level];
    if (level >= levels) {
      EXPECT_EQ(coded.stats.code_use[level], 0u) << level;
    }
  }
  for (const uint64_t uses : coded.stats.coordinates) coordinates += uses;
  EXPECT_EQ(codes, (300 / ErrorStats::kSampledBlocks + 1) * 128);
  EXPECT_EQ(coordinates, codes);
}

TEST_P(EveryCodec, ZerosDecodeToZeros) {
  const auto codec = MakeReferenceCodec(GetParam());
  for (const float zero : {0.0f, -0.0f, 1e-42f}) {
    const uint64_t in = test::WidthFrom(200, GetParam());
    const std::vector<float> weights(2 * in, zero);
    const CodedMatrix coded = Encode(*codec, weights, in);
    std::vector<float> back(weights.size(), 1);
    codec->DecodeRows(coded.ConstParts(), in, back);
    for (const float weight : back) EXPECT_EQ(weight, 0);
    EXPECT_EQ(coded.stats.zero_blocks, 4u);
  }
}

TEST_P(EveryCodec, ScalingByAPowerOfTwoScalesTheDecodedWeights) {
  const auto codec = MakeReferenceCodec(GetParam());
  const auto weights = GaussianMatrix(4, 256, 0.03f);
  auto larger = weights;
  for (float& weight : larger) weight *= 1024;
  std::vector<float> back(weights.size()), larger_back(weights.size());
  codec->DecodeRows(Encode(*codec, weights, 256).ConstParts(), 256, back);
  codec->DecodeRows(Encode(*codec, larger, 256).ConstParts(), 256, larger_back);
  for (size_t i = 0; i < back.size(); ++i) EXPECT_EQ(larger_back[i], 1024 * back[i]);
}

}  // namespace
}  // namespace hlwq::codec
