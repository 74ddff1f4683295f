// Sources as their makers publish them: coded already, in forms that are read and others that are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/verify.h"
#include "codec/backend.h"
#include "convert/dequantize.h"
#include "convert/plan.h"
#include "convert/quantize.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SourceForms : public testing::Test {
 protected:
  test::TempDir dir_;
  const fs::path source_ = dir_ / "source";

  void SetUp() override { fs::create_directory(source_); }
  ConversionResult Quantized(RecipeOptions recipe = {.recipe = "published"}) const {
    return Quantize(checkpoint::OpenCheckpoint(source_), dir_ / "coded", {.recipe = recipe},
                    codec::ReferenceBackend());
  }
  template <typename Body>
  static std::string MessageOf(Body body) {
    try {
      body();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
      return error.what();
    }
    return "no error";
  }
};

TEST_F(SourceForms, CodesOfOtherMethodsAreRefusedByName) {
  test::WriteSafetensors(
      source_ / "model.safetensors",
      {{.name = "model.layers.0.mlp.up_proj.qweight", .dtype = DType::kI32, .shape = {4, 8}},
       {.name = "model.embed_tokens.weight", .shape = {8, 128}}});
  const auto open = [&] { return checkpoint::OpenCheckpoint(source_); };
  const auto dequantize = [&] {
    Dequantize(open(), dir_ / "plain", {}, codec::ReferenceBackend());
  };
  EXPECT_THAT(MessageOf([&] { Quantized(); }), HasSubstr("codes of GPTQ or AWQ"));
  WriteFileAtomically(source_ / "config.json",
                      R"({"model_type": "x", "quantization_config": {"quant_method": "awq"}})");
  EXPECT_THAT(MessageOf([&] { Quantized(); }), HasSubstr("codes of AWQ"));
  EXPECT_THAT(MessageOf(dequantize), HasSubstr("codes of AWQ"));
  EXPECT_THAT(MessageOf([&] { PlanInputFromCheckpoint(open()); }), HasSubstr("codes of AWQ"));
  EXPECT_THAT(MessageOf([&] { PlanInputFromConfig(open().config, "config.json"); }),
              HasSubstr("config.json: its weights are codes of AWQ"));
}

TEST_F(SourceForms, ARecipeThatFindsNothingIsAnErrorUnlessThatWasAskedFor) {
  test::WriteSafetensors(source_ / "model.safetensors",
                         {{.name = "a", .shape = {4, 128}},
                          {.name = "b", .shape = {4, 128}},
                          {.name = "c", .dtype = DType::kI64, .shape = {4, 4}}});
  EXPECT_THAT(MessageOf([&] { Quantized(); }),
              testing::EndsWith("recipe 'published' finds no matrix to code: not F16, BF16 or F32 "
                                "(1), unknown role (2)"));
  EXPECT_FALSE(fs::exists(dir_ / "coded"));
  EXPECT_EQ(Quantized({.exclude = {"*"}}).job.manifest.reports.size(), 3u);
}

TEST_F(SourceForms, SmallFloatsAreQuantizedAsWhatTheyStandFor) {
  const fs::path golden = test::Golden("good/small_floats/fp8-blocks");
  const auto fp8 = checkpoint::OpenCheckpoint(golden);
  Dequantize(fp8, dir_ / "plain", {.dtype = DType::kF32}, codec::ReferenceBackend());
  const RecipeOptions all = {.recipe = "uniform", .include = {"*"}};
  const auto coded = [&](const checkpoint::Checkpoint& from, const char* to) {
    return Quantize(from, dir_ / to, {.recipe = all}, codec::ReferenceBackend())
        .job.manifest.tensors;
  };
  EXPECT_EQ(coded(fp8, "a"), coded(checkpoint::OpenCheckpoint(dir_ / "plain"), "b"));
}

TEST_F(SourceForms, FilesBesideTheWeightsComeAlong) {
  test::WriteSmallLlama(source_, 1);
  WriteFileAtomically(source_ / "USE_POLICY.md", "be kind");
  WriteFileAtomically(source_ / ".hidden", "x");
  WriteFileAtomically(source_ / "pytorch_model.bin", "x");
  fs::create_directories(source_ / "1_Pooling");
  WriteFileAtomically(source_ / "1_Pooling" / "config.json", "{}");
  fs::create_directories(source_ / "onnx");
  WriteFileAtomically(source_ / "onnx" / "config.json", "{}");
  const ConversionResult result = Quantized();
  EXPECT_EQ(ReadSmallFile(dir_.path() / "coded" / "USE_POLICY.md", 100), "be kind");
  EXPECT_EQ(ReadSmallFile(dir_.path() / "coded" / "1_Pooling" / "config.json", 100), "{}");
  EXPECT_TRUE(result.job.manifest.files.contains("1_Pooling/config.json"));
  EXPECT_TRUE(checkpoint::VerifyFolder(dir_ / "coded", {}).ok());
  for (const char* absent : {".hidden", "pytorch_model.bin", "onnx"}) {
    EXPECT_FALSE(fs::exists(dir_.path() / "coded" / absent)) << absent;
  }
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("left behind: pytorch_model.bin")));
}

}  // namespace
}  // namespace hlwq::convert
