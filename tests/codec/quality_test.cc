// The codecs' quality is what tests/quality.csv records.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "codec/codec.h"
#include "tests/codec/coded_matrix.h"
#include "tests/support/portable_gaussian.h"
#include "tests/support/recorded_quality.h"
#include "tests/support/shared_data.h"

namespace hlwq::codec {
namespace {

CodecSpec TrellisSpec(int bits, std::string effort) {
  return {.parameters = TrellisParameters{.effort = std::move(effort)}, .bits = bits, .levels = {}};
}

CodecSpec IntSpec(int bits, std::string_view rule) {
  return {.parameters = PackQuantizedParameters{.scale_rule = IntScaleRuleFromName(rule)},
          .bits = bits,
          .levels = {}};
}

class GaussianQuality : public testing::TestWithParam<std::tuple<int, std::string, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Converged, GaussianQuality,
                         testing::Combine(testing::Range(1, 9), testing::Values("lloyd-max"),
                                          testing::Values("search", "norm")));
INSTANTIATE_TEST_SUITE_P(Published, GaussianQuality,
                         testing::Combine(testing::Values(3, 5), testing::Values("polarquant-v1"),
                                          testing::Values("norm")));

void ExpectGaussianAsRecorded(const CodecSpec& spec) {
  const auto codec = MakeReferenceCodec(spec);
  static const std::vector<float> weights = test::PortableGaussian(128 * 8192, 0.02);
  const auto coded = test::Encode(*codec, weights, 1024);
  test::ExpectAsRecorded(test::QualityKey("gaussian", spec),
                         {coded.stats.SnrDb(), codec->BitsPerWeight({1024, 1024})});
}

TEST_P(GaussianQuality, IsAsRecorded) {
  const auto& [bits, table, rule] = GetParam();
  ExpectGaussianAsRecorded(
      {.parameters = HlwqParameters{.table = table, .scale_rule = ScaleRuleFromName(rule)},
       .bits = bits,
       .levels = {}});
}

class GaussianTrellisQuality : public testing::TestWithParam<std::tuple<int, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Efforts, GaussianTrellisQuality,
                         testing::Combine(testing::Range(2, 7),
                                          testing::Values("fast", "default", "best")));

TEST_P(GaussianTrellisQuality, IsAsRecorded) {
  const auto& [bits, effort] = GetParam();
  ExpectGaussianAsRecorded(TrellisSpec(bits, effort));
}

class GaussianIntQuality : public testing::TestWithParam<std::tuple<int, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Rules, GaussianIntQuality,
                         testing::Combine(testing::Range(2, 9), testing::Values("mse", "absmax")));

TEST_P(GaussianIntQuality, IsAsRecorded) {
  const auto& [bits, rule] = GetParam();
  ExpectGaussianAsRecorded(IntSpec(bits, rule));
}

// What issue A asks of the default encoder.
TEST(QualityTargets, SearchReachesTheTargets) {
  const auto recorded = test::RecordedQuality();
  for (const auto& [bits, target] :
       {std::pair{2, 9.41}, {3, 14.98}, {4, 21.04}, {5, 27.15}, {6, 33.15}}) {
    EXPECT_GE(recorded.at(fmt::format("gaussian,{},lloyd-max,search", bits)).snr_db, target);
  }
  EXPECT_GE(recorded.at("bert-attention,5,lloyd-max,search").snr_db, 27.1);
  EXPECT_GE(recorded.at("bert-attention,4,lloyd-max,search").snr_db, 21.0);
}

// What issue C asks of the trellis.
TEST(QualityTargets, TrellisReachesTheTargets) {
  const auto recorded = test::RecordedQuality();
  for (const auto& [bits, target] : {std::pair{3, 16.65}, {4, 22.78}, {5, 28.75}, {6, 34.2}}) {
    EXPECT_GE(recorded.at(fmt::format("gaussian,{},trellis-gauss,default", bits)).snr_db, target);
  }
  EXPECT_GE(recorded.at("bert-attention,5,trellis-gauss,default").snr_db, 28.7);
  EXPECT_GE(recorded.at("bert-attention,4,trellis-gauss,default").snr_db, 22.7);
}

// Calls visit(in, rows of BF16) with a quarter of each tensor's rows, which keeps the scalar
// reference quick.
using VisitRows = std::function<void(size_t in, std::span<const std::byte> weights)>;
void ForEachRealMatrix(const std::filesystem::path& path, const VisitRows& visit) {
  const std::string file = ReadSmallFile(path, uint64_t{1} << 26);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), 8);
  const auto header = nlohmann::json::parse(file.substr(8, header_bytes));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto shape = entry.at("shape").get<std::vector<size_t>>();
    const auto offset = entry.at("data_offsets").at(0).get<size_t>() + 8 + header_bytes;
    visit(shape[1], std::as_bytes(std::span(file)).subspan(offset, shape[0] / 4 * shape[1] * 2));
  }
}

ErrorStats CodedErrors(const Codec& codec, size_t in, std::span<const std::byte> weights) {
  const size_t rows = weights.size() / (2 * in);
  test::CodedMatrix out(codec, rows, in);
  codec.EncodeRowsFrom(DType::kBF16, weights, in, 0, out.Rows(0, rows), out.stats);
  return out.stats;
}

void ExpectRealWeightsAsRecorded(const CodecSpec& spec, const std::filesystem::path& path) {
  const auto codec = MakeReferenceCodec(spec);
  std::vector<double> snr;
  ForEachRealMatrix(path, [&](size_t in, std::span<const std::byte> weights) {
    snr.push_back(CodedErrors(*codec, in, weights).SnrDb());
  });
  std::nth_element(snr.begin(), snr.begin() + static_cast<ptrdiff_t>(snr.size() / 2), snr.end());
  test::ExpectAsRecorded(test::QualityKey("bert-attention", spec),
                         {snr[snr.size() / 2], codec->BitsPerWeight({768, 768})});
}

class RealWeightsAtWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, RealWeightsAtWidth, testing::Values(3, 4, 5, 6));

TEST_P(RealWeightsAtWidth, MedianTensorIsAsRecorded) {
  const auto path = test::SharedData("weights/bert_attention_bf16.safetensors");
  HLWQ_REQUIRE_SHARED(path);
  CodecSpec spec;
  spec.bits = GetParam();
  ExpectRealWeightsAsRecorded(spec, path);
  ExpectRealWeightsAsRecorded(TrellisSpec(GetParam(), "default"), path);
  ExpectRealWeightsAsRecorded(IntSpec(GetParam(), "mse"), path);
  ExpectRealWeightsAsRecorded(IntSpec(GetParam(), "absmax"), path);
}

TEST(RealWeights, SearchedScalesOfIntegersAreNoWorseThanAbsmaxInAnyRow) {
  const auto path = test::SharedData("weights/bert_attention_bf16.safetensors");
  HLWQ_REQUIRE_SHARED(path);
  for (const int bits : {4, 8}) {
    const auto mse = MakeReferenceCodec(IntSpec(bits, "mse"));
    const auto absmax = MakeReferenceCodec(IntSpec(bits, "absmax"));
    ForEachRealMatrix(path, [&](size_t in, std::span<const std::byte> weights) {
      for (size_t row = 0; row < weights.size() / (2 * in); row += 7) {
        const auto one = weights.subspan(row * 2 * in, 2 * in);
        EXPECT_LE(CodedErrors(*mse, in, one).noise, CodedErrors(*absmax, in, one).noise);
      }
    });
  }
}

}  // namespace
}  // namespace hlwq::codec
