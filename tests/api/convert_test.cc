#include "hlwq/convert.h"

#include "tests/api/golden_model.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

namespace fs = std::filesystem;

class PublicConvert : public testing::Test {
 protected:
  void SetUp() override { test::WriteSmallLlama(source_, 4); }

  test::TempDir dir_;
  const fs::path source_ = dir_ / "source";
};

TEST_F(PublicConvert, WhatIsQuantizedIsIntactNearAndComesBack) {
  const ConversionResult result = Quantize(source_, dir_ / "coded", {.bits = 5});
  EXPECT_EQ(result.output.format, "polar_state");
  EXPECT_GT(result.output.quantized_weights, result.output.weights / 2);
  ASSERT_TRUE(result.output.errors);
  EXPECT_TRUE(Verify(dir_ / "coded").ok());
  const CompareResult compared = Compare(source_, dir_ / "coded");
  EXPECT_TRUE(compared.Meets(27));
  EXPECT_FALSE(compared.Meets(30));
  EXPECT_GT(compared.total.cosine, 0.99);
  EXPECT_LE(compared.tensors[0].errors->SnrDb(), compared.tensors[1].errors->SnrDb());

  EXPECT_EQ(Dequantize(dir_ / "coded", dir_ / "plain", {.type = FloatType::kF32}).output.format,
            "safetensors");
  EXPECT_EQ(Compare(dir_ / "coded", dir_ / "plain").total.noise, 0);
}

TEST_F(PublicConvert, WhatIsCalibratedSaysSoAndCanBeMadeAgain) {
  QuantizeOptions options = {.bits = 4, .calibration = Calibration{.tokens = 200}};
  Quantize(source_, dir_ / "self", options);
  EXPECT_TRUE(Verify(dir_ / "self").ok());
  Quantize(source_, dir_ / "alone", {.bits = 4});
  EXPECT_NE(Compare(dir_ / "self", dir_ / "alone").total.noise, 0);

  options.calibration->text = (dir_ / "self" / "hlwq_calibration.json").string();
  Quantize(source_, dir_ / "again", options);
  EXPECT_EQ(Compare(dir_ / "self", dir_ / "again").total.noise, 0);

  options.calibration->tokens = 5;
  options.calibration->text = "self";
  test::ExpectError(ErrorCode::kInvalidArgument, "tokens",
                    [&] { Quantize(source_, dir_ / "few", options); });
  std::stop_source stop;
  stop.request_stop();
  options.calibration->tokens = 200;
  options.output.control.stop = stop.get_token();
  test::ExpectError(ErrorCode::kCancelled, "calibrating",
                    [&] { Quantize(source_, dir_ / "stopped", options); });
  EXPECT_FALSE(fs::exists(dir_ / "few") || fs::exists(dir_ / "stopped"));
}

TEST_F(PublicConvert, DamageIsFound) {
  Quantize(source_, dir_ / "coded");
  const fs::path shard = dir_.path() / "coded" / "model.safetensors";
  fs::resize_file(shard, fs::file_size(shard) - 1);
  const VerifyResult verified = Verify(dir_ / "coded");
  EXPECT_FALSE(verified.ok());
  EXPECT_EQ(verified.problems.at(0).file, "model.safetensors");
}

TEST_F(PublicConvert, TheExportsAreWhatTheyAreCalled) {
  EXPECT_EQ(ExportGguf(source_, dir_ / "gguf", {.type = GgufType::kQ8_0}).output.format, "gguf");
  const ConversionResult integers = ExportCompressedTensors(
      source_, dir_ / "int4", {.group_size = 32, .rotation = ExportRotation::kFolded});
  EXPECT_EQ(integers.output.format, "compressed-tensors");
  EXPECT_TRUE(Verify(dir_ / "int4").ok());
}

TEST_F(PublicConvert, ADestinationThatIsTakenIsNotTouched) {
  Quantize(source_, dir_ / "coded");
  const auto before = test::FolderContent(dir_ / "coded");
  test::ExpectError(ErrorCode::kAlreadyExists, "coded",
                    [&] { Quantize(source_, dir_ / "coded", {.bits = 4}); });
  EXPECT_EQ(test::FolderContent(dir_ / "coded"), before);
  Quantize(source_, dir_ / "coded", {.bits = 4, .output = {.overwrite = true}});
  EXPECT_NE(test::FolderContent(dir_ / "coded"), before);
}

TEST_F(PublicConvert, OptionsThatMakeNoSenseAreRefused) {
  test::ExpectError(ErrorCode::kInvalidArgument, "effort", [&] {
    Quantize(source_, dir_ / "coded", {.codec = "hlwq", .effort = "best"});
  });
  test::ExpectError(ErrorCode::kUnsupported, "polar",
                    [&] { Quantize(source_, dir_ / "coded", {.codec = "polar"}); });
  test::ExpectError(ErrorCode::kInvalidArgument, "9",
                    [&] { Quantize(source_, dir_ / "coded", {.bits = 9}); });
  EXPECT_FALSE(fs::exists(dir_ / "coded"));
}

TEST_F(PublicConvert, OddPathsAreErrorsOfHlwqToo) {
  for (const fs::path& path : {fs::path(), fs::path(std::string(5000, 'a')), fs::path("/dev/null"),
                               fs::path("/dev/null/model"), dir_.path(), fs::path("a\xff")}) {
    EXPECT_THROW(Checkpoint{path}, Error) << path;
    EXPECT_THROW(Model{path}, Error) << path;
    EXPECT_THROW(Tokenizer{path}, Error) << path;
    EXPECT_THROW((void)Verify(path), Error) << path;
    EXPECT_THROW((void)Compare(source_, path), Error) << path;
    EXPECT_THROW(Quantize(path, dir_ / "to"), Error) << path;
    if (path != dir_.path() && path != "a\xff") {
      EXPECT_THROW(Quantize(source_, path), Error) << path;
    }
  }
}

// Every long operation, with a destination of its own where it has one.
struct Operation {
  const char* name;
  std::function<void(const fs::path& source, const fs::path& to, OutputOptions)> run;
};
const Operation kOperations[] = {
    {"Quantize",
     [](auto& source, auto& to, auto output) { Quantize(source, to, {.output = output}); }},
    {"QuantizePlain",
     [](auto& source, auto& to, auto output) {
       Quantize(source, to, {.codec = "hlwq", .output = output});
     }},
    {"QuantizeKeeping",
     [](auto& source, auto& to, auto output) {
       Quantize(source, to, {.keeps_non_finite = true, .output = output});
     }},
    {"Dequantize",
     [](auto& source, auto& to, auto output) { Dequantize(source, to, {.output = output}); }},
    {"ExportGguf",
     [](auto& source, auto& to, auto output) { ExportGguf(source, to, {.output = output}); }},
    {"ExportCompressedTensors",
     [](auto& source, auto& to, auto output) {
       ExportCompressedTensors(source, to, {.group_size = 32, .output = output});
     }},
    {"Compare", [](auto& source, auto&,
                   auto output) { (void)Compare(source, source, {.control = output.control}); }},
    {"Verify",
     [](auto& source, auto& to, auto output) {
       const fs::path coded = to.string() + "-coded";
       if (!fs::exists(coded)) Quantize(source, coded);
       (void)Verify(coded, {.control = output.control});
     }},
};

class PublicOperation : public PublicConvert, public testing::WithParamInterface<Operation> {};

TEST_P(PublicOperation, TellsOfProgressUpToTheEnd) {
  uint64_t calls = 0;
  ProgressUpdate last;
  GetParam().run(source_, dir_ / "to", {.threads = 2, .control = {.on_progress = [&](auto& update) {
                                                        ++calls;
                                                        last = update;
                                                      }}});
  EXPECT_GT(calls, 10u);
  EXPECT_EQ(last.bytes_done, last.bytes_total);
}

TEST_P(PublicOperation, EndsWhenAskedToAndGoesOnLater) {
  std::stop_source stop;
  uint64_t calls = 0;
  const auto stop_at_fifth = [&](const ProgressUpdate&) {
    if (++calls == 5) stop.request_stop();
  };
  test::ExpectError(ErrorCode::kCancelled, "cancelled", [&] {
    GetParam().run(
        source_, dir_ / "to",
        {.threads = 2, .control = {.on_progress = stop_at_fifth, .stop = stop.get_token()}});
  });
  EXPECT_EQ(calls, 5u);
  EXPECT_FALSE(fs::exists(dir_ / "to"));
  GetParam().run(source_, dir_ / "to", {.resume = true});
  GetParam().run(source_, dir_ / "whole", {});
  if (!fs::exists(dir_ / "whole")) return;  // an operation that writes nothing
  auto resumed = test::FolderContent(dir_ / "to");
  EXPECT_EQ(resumed, test::FolderContent(dir_ / "whole"));
}

TEST_P(PublicOperation, WhatACallbackThrowsReachesTheCaller) {
  const auto fail = [](const ProgressUpdate&) { throw std::runtime_error("of the caller"); };
  EXPECT_THROW(GetParam().run(source_, dir_ / "to", {.control = {.on_progress = fail}}),
               std::runtime_error);
  EXPECT_FALSE(fs::exists(dir_ / "to"));
}

INSTANTIATE_TEST_SUITE_P(All, PublicOperation, testing::ValuesIn(kOperations),
                         [](const auto& operation) { return std::string(operation.param.name); });

}  // namespace
}  // namespace hlwq
