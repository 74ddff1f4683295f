#include "eval/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "codec/backend.h"
#include "tests/eval/coded_checkpoint.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::eval {
namespace {

using checkpoint::Checkpoint;
using report::InspectResult;
using report::InspectToJson;
using report::InspectToText;
using report::TensorDetail;
using report::TensorDetailToJson;
using report::TensorDetailToText;
using testing::ElementsAre;
using testing::HasSubstr;

class InspectTest : public testing::Test {
 protected:
  Checkpoint Make(const std::vector<test::MadeTensor>& tensors) {
    const auto path = folder_ / "model.safetensors";
    test::WriteSafetensors(path, tensors);
    return checkpoint::OpenCheckpoint(path);
  }

  test::TempDir folder_;
};

TEST_F(InspectTest, PlainCheckpointIsCountedByDtype) {
  const Checkpoint checkpoint =
      Make({{"a", DType::kBF16, {8, 4}}, {"b", DType::kF32, {4}}, {"c", DType::kBF16, {2}}});
  const InspectResult result = Inspect(checkpoint, std::nullopt);
  EXPECT_EQ(result.format, "safetensors");
  EXPECT_EQ(result.weights, 38u);
  EXPECT_EQ(result.bytes, 84u);
  EXPECT_EQ(result.quantized_weights, 0u);
  ASSERT_EQ(result.encodings.size(), 2u);
  EXPECT_EQ(result.encodings[0].name, "BF16");
  EXPECT_EQ(result.encodings[0].tensors, 2u);
  EXPECT_EQ(result.encodings[0].bytes, 68u);
  EXPECT_EQ(result.encodings[1].name, "F32");
  ASSERT_EQ(result.files.size(), 1u);
  EXPECT_EQ(result.files[0].first, "model.safetensors");
}

TEST_F(InspectTest, CodedCheckpointShowsCoverageAndBits) {
  const Checkpoint plain =
      Make({{"experts.down_proj", DType::kF32, {2, 16, 256}}, {"norm.weight", DType::kF32, {256}}});
  const Checkpoint coded =
      test::CodeCheckpoint(plain, test::LloydMaxSpec(5), folder_ / "coded.bin");
  checkpoint::Manifest manifest;
  manifest.tool_version = "9.9.9";
  manifest.operation = "quantize";
  manifest.sources = {{"model.safetensors", 123, 0xABC}};
  checkpoint::TensorReport& report = manifest.reports.emplace_back();
  report.name = "experts.down_proj";
  report.is_quantized = true;
  report.errors.emplace().AddPair(1, 0.9);

  const InspectResult result = Inspect(coded, manifest);
  EXPECT_EQ(result.format, "polar_state");
  EXPECT_EQ(result.matrices, 2u);
  EXPECT_EQ(result.quantized_weights, 8192u);
  EXPECT_EQ(result.quantized_bytes, 8192u * 5 / 8 + 2 * 16 * 2 * 2);
  ASSERT_EQ(result.specs.size(), 1u);
  EXPECT_EQ(result.specs[0].bits, 5);
  EXPECT_EQ(result.tensors[0].storage, "hlwq 5 bits lloyd-max");
  ASSERT_TRUE(result.tensors[0].snr_db);
  EXPECT_NEAR(*result.tensors[0].snr_db, 20, 1e-9);
  EXPECT_FALSE(result.tensors[1].snr_db);

  const std::string text = InspectToText(result, true);
  EXPECT_THAT(text, HasSubstr("8,192 of 8,448 weights are quantized (97.0 %)"));
  EXPECT_THAT(text, HasSubstr("5.12 where quantized"));
  EXPECT_THAT(text, HasSubstr("9.9.9"));
  EXPECT_THAT(text, HasSubstr("model.safetensors, 123 bytes, xxh3 0000000000000abc"));
  const nlohmann::json json = InspectToJson(result);
  EXPECT_EQ(json["coded_matrices"], 2);
  EXPECT_NEAR(json["coverage"].get<double>(), 8192.0 / 8448, 1e-12);
  EXPECT_EQ(json["tensors"].size(), 2u);
}

TEST_F(InspectTest, ConfigGivesTheModelType) {
  test::WriteSmallLlama(folder_.path());
  const InspectResult result = Inspect(checkpoint::OpenCheckpoint(folder_.path()), std::nullopt);
  EXPECT_EQ(result.model_type, "llama");
  EXPECT_EQ(result.tensors.size(), checkpoint::OpenCheckpoint(folder_.path()).tensors.size());
}

TEST_F(InspectTest, TensorValuesAreSummarized) {
  const Checkpoint checkpoint = Make(
      {{"w", DType::kF32, {2, 3}, [](uint64_t at) {
          constexpr float kValues[] = {-2, 0, 1, 3, std::numeric_limits<float>::infinity(), NAN};
          return kValues[at];
        }}});
  const TensorDetail detail =
      InspectTensor(checkpoint, std::nullopt, "w", codec::ReferenceBackend());
  ASSERT_TRUE(detail.values);
  EXPECT_EQ(detail.values->count, 6u);
  EXPECT_EQ(detail.values->not_finite, 2u);
  EXPECT_EQ(detail.values->zeros, 1u);
  EXPECT_EQ(detail.values->min, -2);
  EXPECT_EQ(detail.values->max, 3);
  EXPECT_EQ(detail.values->abs_max, 3);
  EXPECT_EQ(detail.values->mean, 0.5);
  EXPECT_DOUBLE_EQ(detail.values->deviation, std::sqrt(14.0 / 4 - 0.25));
  ASSERT_EQ(detail.stretches.size(), 1u);
  EXPECT_EQ(detail.stretches[0].bytes, 24u);
  EXPECT_THAT(TensorDetailToText(detail), HasSubstr("6, of which 1 zero, 2 not finite"));
  EXPECT_EQ(TensorDetailToJson(detail)["values"]["max"], 3);
}

TEST_F(InspectTest, TensorOfACodedCheckpointIsDecoded) {
  const Checkpoint plain = Make({{"experts.down_proj", DType::kF32, {3, 8, 128}}});
  const Checkpoint coded =
      test::CodeCheckpoint(plain, test::LloydMaxSpec(6), folder_ / "coded.bin");
  const codec::Backend& backend = codec::ReferenceBackend();
  const TensorDetail exact = InspectTensor(plain, std::nullopt, "experts.down_proj", backend);
  const TensorDetail detail = InspectTensor(coded, std::nullopt, "experts.down_proj", backend);
  EXPECT_EQ(detail.values->count, 3u * 8 * 128);
  EXPECT_NEAR(detail.values->deviation, exact.values->deviation, 0.02 * exact.values->deviation);
  EXPECT_EQ(detail.stretches.size(), 6u);
  ASSERT_TRUE(detail.spec);
  EXPECT_EQ(detail.spec->bits, 6);
}

TEST_F(InspectTest, DtypesWithoutNumbersHaveNoValues) {
  const Checkpoint checkpoint = Make({{"ids", DType::kI64, {3}}});
  EXPECT_FALSE(
      InspectTensor(checkpoint, std::nullopt, "ids", codec::ReferenceBackend()).values.has_value());
}

TEST_F(InspectTest, AMissingTensorNamesCloseOnes) {
  const Checkpoint checkpoint = Make({{"model.layers.0.q_proj.weight", DType::kF32, {3}}});
  try {
    InspectTensor(checkpoint, std::nullopt, "q_proj", codec::ReferenceBackend());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), HasSubstr("there is 'model.layers.0.q_proj.weight'"));
  }
}

TEST_F(InspectTest, NamesCannotSteerATerminal) {
  const Checkpoint checkpoint = Make({{"\x1b[31mred", DType::kF32, {3}}});
  const std::string text = InspectToText(Inspect(checkpoint, std::nullopt), true);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\\x1b[31mred"));
}

}  // namespace
}  // namespace hlwq::eval
