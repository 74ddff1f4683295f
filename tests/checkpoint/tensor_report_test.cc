#include "checkpoint/tensor_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

TensorReport Quantized() {
  TensorReport report;
  report.name = "model.layers.3.mlp.experts.down_proj";
  report.shape = {256, 2048, 512};
  report.source_dtype = DType::kF16;
  report.role = Role::kExpertDown;
  report.layer = 3;
  report.source_bytes = 536'870'912;
  report.stored_bytes = 171'966'464;
  report.is_quantized = true;
  report.codec = "hlwq";
  report.bits = 5;
  report.bits_per_weight = 5.125;
  codec::ErrorStats& errors = report.errors.emplace();
  errors.count = 268'435'456;
  errors.signal = 107374.1824 / 3;
  errors.noise = 0.1 / 3;
  errors.dot = 1e-300;
  errors.decoded = 2.0 / 3;
  errors.max_abs_error = 0.1;
  errors.zero_blocks = 7;
  errors.code_use[0] = 1;
  errors.code_use[31] = uint64_t{1} << 60;
  errors.coordinates[95] = 12;
  return report;
}

void ExpectSame(const TensorReport& a, const TensorReport& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.source_dtype, b.source_dtype);
  EXPECT_EQ(a.role, b.role);
  EXPECT_EQ(a.layer, b.layer);
  EXPECT_EQ(a.source_bytes, b.source_bytes);
  EXPECT_EQ(a.stored_bytes, b.stored_bytes);
  EXPECT_EQ(a.is_quantized, b.is_quantized);
  EXPECT_EQ(a.codec, b.codec);
  EXPECT_EQ(a.bits, b.bits);
  EXPECT_EQ(a.bits_per_weight, b.bits_per_weight);
  ASSERT_EQ(a.errors.has_value(), b.errors.has_value());
  if (!a.errors) return;
  EXPECT_EQ(a.errors->count, b.errors->count);
  EXPECT_EQ(a.errors->signal, b.errors->signal);
  EXPECT_EQ(a.errors->noise, b.errors->noise);
  EXPECT_EQ(a.errors->dot, b.errors->dot);
  EXPECT_EQ(a.errors->decoded, b.errors->decoded);
  EXPECT_EQ(a.errors->max_abs_error, b.errors->max_abs_error);
  EXPECT_EQ(a.errors->zero_blocks, b.errors->zero_blocks);
  EXPECT_EQ(a.errors->code_use, b.errors->code_use);
  EXPECT_EQ(a.errors->coordinates, b.errors->coordinates);
}

TensorReport ThroughText(const TensorReport& report) {
  return ReportFromJson(json::parse(ReportToJson(report).dump()));
}

TEST(TensorReport, ComesBackFromJsonBitForBit) {
  ExpectSame(ThroughText(Quantized()), Quantized());
  TensorReport carried;
  carried.name = "model.norm.weight";
  carried.shape = {};
  carried.role = Role::kNorm;
  ExpectSame(ThroughText(carried), carried);
}

TEST(TensorReport, InfiniteErrorsSurviveJson) {
  TensorReport report = Quantized();
  report.errors->noise = std::numeric_limits<double>::infinity();
  report.errors->dot = -std::numeric_limits<double>::infinity();
  ExpectSame(ThroughText(report), report);
  report.errors->decoded = std::nan("");
  EXPECT_TRUE(std::isnan(ThroughText(report).errors->decoded));
}

TEST(TensorReport, RecordOfOneExpertSliceTakesAboutOneKilobyte) {
  TensorReport report = Quantized();
  for (size_t code = 0; code < 32; ++code) report.errors->code_use[code] = 30'000 + code;
  for (size_t bin = 0; bin < 96; ++bin) report.errors->coordinates[bin] = 10'000 + bin;
  EXPECT_LT(ReportToJson(report).dump().size(), 1300u);
}

TEST(TensorReport, EmptyHistogramsTakeNothing) {
  TensorReport report = Quantized();
  report.errors->code_use = {};
  report.errors->coordinates = {};
  const json record = ReportToJson(report);
  EXPECT_FALSE(record["errors"].contains("code_use"));
  EXPECT_FALSE(record["errors"].contains("coordinates"));
  ExpectSame(ThroughText(report), report);
}

struct BadValue {
  const char* pointer;
  json value;
};

class BadTensorReport : public testing::TestWithParam<BadValue> {};

TEST_P(BadTensorReport, IsRefusedNamingTheKey) {
  json record = ReportToJson(Quantized());
  const json::json_pointer pointer(GetParam().pointer);
  record[pointer] = GetParam().value;
  try {
    ReportFromJson(json::parse(record.dump()));
    FAIL() << "accepted " << record.dump();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
    EXPECT_THAT(error.what(), testing::HasSubstr(pointer.back()));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, BadTensorReport,
    testing::Values(BadValue{"/name", 3}, BadValue{"/shape", "x"}, BadValue{"/shape", {-1, 2}},
                    BadValue{"/shape", {uint64_t{1} << 40, uint64_t{1} << 40}},
                    BadValue{"/source_dtype", "BF17"}, BadValue{"/role", "no_role"},
                    BadValue{"/layer", -2}, BadValue{"/layer", uint64_t{1} << 40},
                    BadValue{"/layer", 1.5}, BadValue{"/source_bytes", -1}, BadValue{"/bits", 1000},
                    BadValue{"/bits_per_weight", "five"}, BadValue{"/errors", json::array({1})},
                    BadValue{"/errors/count", 0.5}, BadValue{"/errors/signal", nullptr},
                    BadValue{"/errors/code_use", 1}, BadValue{"/errors/code_use", {256, 1}},
                    BadValue{"/errors/code_use", {"a"}},
                    BadValue{"/errors/code_use", {~uint64_t{0}, 1}},
                    BadValue{"/errors/coordinates", {90, 1, 1, 1, 1, 1, 1, 1}}));

TEST(TensorReport, MissingKeysAreNamed) {
  for (const char* key : {"name", "shape", "source_dtype", "role", "layer", "bits"}) {
    json record = ReportToJson(Quantized());
    record.erase(key);
    try {
      ReportFromJson(record);
      FAIL() << "accepted without " << key;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(key));
    }
  }
  EXPECT_THROW(ReportFromJson(json::array()), Error);
}

}  // namespace
}  // namespace hlwq::checkpoint
