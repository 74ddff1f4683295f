#include "calibrate/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "checkpoint/projections.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_limit.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::calibrate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kModels[] = {"llama-biases", "qwen3-odd",  "qwen3_5",
                                        "qwen3-moe",    "qwen3_next", "qwen3_5_moe"};

// A model with text of its own, and what it says of its matrices.
struct SelfCalibrated {
  explicit SelfCalibrated(const fs::path& folder, int threads = 2, const fs::path& scratch = {})
      : engine(folder, {.threads = threads}),
        calibration(engine, WriteSelfText(engine, {.tokens = 400, .sequence_tokens = 20}),
                    {.scratch = scratch}) {}

  runtime::Engine engine;
  Calibration calibration;
};

std::shared_ptr<const codec::Codec> Codec(std::string_view name = codec::kTrellisCodec) {
  codec::CodecSpec spec = codec::DefaultSpec(name);
  spec.bits = 4;
  return kernels::CpuBackend().MakeCodec(spec);
}

convert::QuantizeOptions Options(std::string_view codec) {
  convert::QuantizeOptions options;
  options.codec = codec::DefaultSpec(codec);
  options.recipe.recipe = "uniform";
  options.recipe.bits = 3;
  return options;
}

void CalibrateBy(convert::FeedbackSource& source, convert::QuantizeOptions& options) {
  options.calibration.emplace();
  options.calibration->source = &source;
  options.calibration->text = "{}";
}

class CalibrationOf : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(, CalibrationOf, testing::ValuesIn(kModels), [](const auto& of) {
  std::string name(of.param);
  std::ranges::replace(name, '-', '_');
  return name;
});

// Every matrix of a decoder layer that is coded gets feedback, and the head.
TEST_P(CalibrationOf, CoversEveryMatrixOfTheLayers) {
  const fs::path folder = test::Golden("good/models/" + std::string(GetParam()));
  SelfCalibrated run(folder);
  const auto codec = Codec();
  struct Asking final : convert::FeedbackSource {
    void Plan(std::vector<convert::PlannedMatrix> matrices) override {
      inner->Plan(std::move(matrices));
    }
    convert::MatrixFeedback For(const std::string& matrix, size_t layer,
                                const codec::Codec& of) override {
      auto feedback = inner->For(matrix, layer, of);
      EXPECT_NE(feedback.feedback, nullptr) << matrix;
      ++asked;
      return feedback;
    }
    Calibration* inner = nullptr;
    size_t asked = 0;
  } asking;
  asking.inner = &run.calibration;
  const test::TempDir dir;
  convert::QuantizeOptions options = Options(codec::kTrellisCodec);
  CalibrateBy(asking, options);
  const auto result = convert::Quantize(checkpoint::OpenCheckpoint(folder), dir / "dst", options,
                                        kernels::CpuBackend());
  size_t coded = 0;
  for (const auto& report : result.job.manifest.reports) {
    const bool is_head = report.role == checkpoint::Role::kLmHead;
    if (!report.is_quantized || (report.layer < 0 && !is_head)) continue;
    coded += report.shape.size() == 3 ? report.shape[0] : 1;
  }
  EXPECT_EQ(asking.asked, coded);
}

TEST_P(CalibrationOf, GivesTheSameBytesForAnyNumberOfThreads) {
  const fs::path folder = test::Golden("good/models/" + std::string(GetParam()));
  const test::TempDir dir;
  for (const int threads : {1, 3}) {
    SelfCalibrated run(folder, threads);
    convert::QuantizeOptions options = Options(codec::kTrellisCodec);
    CalibrateBy(run.calibration, options);
    options.output.threads = threads;
    convert::Quantize(checkpoint::OpenCheckpoint(folder), dir / std::to_string(threads), options,
                      kernels::CpuBackend());
  }
  EXPECT_EQ(test::FolderContent(dir / "1"), test::FolderContent(dir / "3"));
}

// Stopped after some chunks, then gone on with: other layers are left to do.
TEST(Calibration, GoesOnAfterAStopWithTheSameBytes) {
  const fs::path folder = test::Golden("good/models/qwen3-odd");
  const test::TempDir dir;
  for (const std::string_view codec : {codec::kTrellisCodec, codec::kHlwqCodec}) {
    const fs::path whole = dir / ("whole-" + std::string(codec));
    const auto quantize = [&](const fs::path& to, const convert::OutputOptions& output) {
      SelfCalibrated run(folder);
      convert::QuantizeOptions options = Options(codec);
      CalibrateBy(run.calibration, options);
      options.output = output;
      convert::Quantize(checkpoint::OpenCheckpoint(folder), to, options, kernels::CpuBackend());
    };
    quantize(whole, {});
    for (const int chunks : {3, 9, 14}) {
      const fs::path resumed = dir / (std::string(codec) + std::to_string(chunks));
      int left = chunks;
      struct Stop {};
      convert::OutputOptions output;
      output.threads = 1;
      output.progress = [&](const ProgressUpdate&) {
        if (--left < 0) throw Stop();
      };
      EXPECT_THROW(quantize(resumed, output), Stop);
      convert::OutputOptions again;
      again.destination.resume = true;
      quantize(resumed, again);
      EXPECT_EQ(test::FolderContent(resumed), test::FolderContent(whole)) << chunks;
    }
  }
}

TEST(Calibration, WantsLayersInOrderAndOneCodecForOneInput) {
  SelfCalibrated run(test::Golden("good/models/llama-biases"));
  const auto name = [](int layer, const char* matrix) {
    return "model.layers." + std::to_string(layer) + "." + matrix + ".weight";
  };
  const auto trellis = Codec(), plain = Codec(codec::kHlwqCodec);
  EXPECT_TRUE(run.calibration.notes().empty());
  EXPECT_EQ(run.calibration.For("model.layers.1.self_attn.rotary.weight", 1, *trellis).feedback,
            nullptr);
  ASSERT_EQ(run.calibration.notes().size(), 1u);
  EXPECT_THAT(run.calibration.notes()[0], HasSubstr("1 matrices (the first is 'model.layers.1"));
  EXPECT_NE(run.calibration.For(name(1, "self_attn.q_proj"), 1, *trellis).feedback, nullptr);
  EXPECT_EQ(run.calibration.For(name(1, "self_attn.q_proj"), 1, *trellis).feedback,
            run.calibration.For(name(1, "self_attn.v_proj"), 1, *trellis).feedback);
  EXPECT_NE(run.calibration.For(name(1, "self_attn.q_proj"), 1, *trellis).feedback,
            run.calibration.For(name(1, "self_attn.o_proj"), 1, *trellis).feedback);
  EXPECT_THROW(run.calibration.For(name(1, "self_attn.k_proj"), 1, *plain), Error);
  EXPECT_THROW(run.calibration.For(name(0, "self_attn.k_proj"), 0, *trellis), Error);
  EXPECT_NE(
      run.calibration.For("lm_head.weight", convert::FeedbackSource::kHead, *trellis).feedback,
      nullptr);
  EXPECT_EQ(
      run.calibration.For("lm_head.weight", convert::FeedbackSource::kHead, *trellis).feedback,
      run.calibration.For("embed_tokens.weight", convert::FeedbackSource::kHead, *trellis)
          .feedback);
  EXPECT_THROW(run.calibration.For(name(1, "self_attn.k_proj"), 1, *trellis), Error);
}

// A tied embedding is coded as the head that it is too, after all layers.
TEST(Calibration, TakesATiedEmbeddingForTheHead) {
  const fs::path folder = test::Golden("good/models/qwen3-odd");
  struct Asked final : convert::FeedbackSource {
    convert::MatrixFeedback For(const std::string& matrix, size_t layer,
                                const codec::Codec&) override {
      names.push_back(matrix);
      layers.push_back(layer);
      return {};
    }
    std::vector<std::string> names;
    std::vector<size_t> layers;
  } asked;
  const test::TempDir dir;
  convert::QuantizeOptions options = Options(codec::kTrellisCodec);
  options.recipe.recipe = "balanced";
  CalibrateBy(asked, options);
  convert::Quantize(checkpoint::OpenCheckpoint(folder), dir / "dst", options,
                    kernels::CpuBackend());
  EXPECT_TRUE(std::ranges::is_sorted(asked.layers));
  EXPECT_EQ(asked.names.back(), "model.embed_tokens.weight");
  EXPECT_EQ(asked.layers.back(), convert::FeedbackSource::kHead);
}

// llama-biases with every byte of a tensor so.
void MakeModelWith(std::string_view tensor, std::byte value, const fs::path& folder) {
  fs::copy(test::Golden("good/models/llama-biases"), folder, fs::copy_options::recursive);
  checkpoint::Checkpoint source = checkpoint::OpenCheckpoint(folder);
  const auto& range = std::get<checkpoint::PlainStorage>(source.Find(tensor)->storage).range;
  const std::vector<std::byte> huge(range.bytes, value);
  File::OpenForWrite(source.files[range.file].path()).WriteAt(range.offset, huge);
}

// What is said of it when the matrix is asked for.
std::string RefusalWith(std::string_view tensor, std::byte value, const char* matrix,
                        size_t layer) {
  const test::TempDir dir;
  MakeModelWith(tensor, value, dir / "model");
  runtime::Engine engine(dir / "model", {.threads = 2});
  Calibration calibration(engine, {std::vector<runtime::TokenId>(20, 3)}, {});
  try {
    calibration.For(matrix, layer, *Codec());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNonFinite);
    return error.what();
  }
  return "";
}

// Coding them for the walk of what the model becomes must not end otherwise than coding them for the file.
TEST(Calibration, RefusesWeightsThatAreNotFinite) {
  for (const std::string_view matrix : {"mlp.down_proj", "mlp.up_proj", "self_attn.o_proj"}) {
    const test::TempDir dir;
    MakeModelWith("model.layers.1." + std::string(matrix) + ".weight", std::byte{0xFF},
                  dir / "model");
    runtime::Engine engine(dir / "model", {.threads = 2});
    Calibration calibration(engine, {std::vector<runtime::TokenId>(20, 3)}, {});
    convert::QuantizeOptions options = Options(codec::kTrellisCodec);
    CalibrateBy(calibration, options);
    test::ExpectError(ErrorCode::kNonFinite, "model.layers.1.mlp.", [&] {
      convert::Quantize(checkpoint::OpenCheckpoint(dir / "model"), dir / "dst", options,
                        kernels::CpuBackend());
    });
    EXPECT_FALSE(fs::exists(dir / "dst"));
  }
}

// Of weights so large that what a layer makes of them overflows, or the squares of what the head reads.
TEST(Calibration, RefusesInputsThatAreNotFinite) {
  EXPECT_THAT(RefusalWith("model.layers.0.mlp.up_proj.weight", std::byte{0x7F},
                          "model.layers.1.mlp.down_proj.weight", 1),
              HasSubstr("layer 1"));
  EXPECT_THAT(RefusalWith("model.norm.weight", std::byte{0x6F}, "model.embed_tokens.weight",
                          convert::FeedbackSource::kHead),
              HasSubstr("'model.embed_tokens.weight': want inputs whose squares"));
}

// In a file beside the result, which is gone at once.
TEST(LayerWalk, GivesTheSameStreamsFromAFile) {
  const test::TempDir dir;
  runtime::Engine engine(test::Golden("good/models/llama-biases"), {.threads = 2});
  const TokenSequences text = WriteSelfText(engine, {.tokens = 300, .sequence_tokens = 30});
  const auto last_inputs = [&](uint64_t most_bytes) {
    LayerWalk walk(engine, text, dir / "streams", most_bytes);
    EXPECT_FALSE(fs::exists(dir / "streams"));
    std::vector<float> inputs;
    const auto collect = [&](std::span<const model::Product> products) {
      for (const model::Product& product : products) {
        const auto row = (*product.input)[product.tokens.begin];
        inputs.insert(inputs.end(), row.begin(), row.end());
      }
    };
    while (walk.layer() < engine.config().sizes.layers.size()) {
      walk.Next({.on_products = model::OnProducts(collect)}, [](const WalkPass&) {});
    }
    return inputs;
  };
  EXPECT_EQ(last_inputs(0), last_inputs(kMostStreamBytes));
}

TEST(LayerWalk, NamesTheFileThatTheDiskHasNoRoomFor) {
  const test::TempDir dir;
  runtime::Engine engine(test::Golden("good/models/llama-biases"), {.threads = 2});
  const TokenSequences text = WriteSelfText(engine, {.tokens = 300, .sequence_tokens = 30});
  const size_t bytes = 300 * engine.config().sizes.hidden * sizeof(float);
  {
    const test::FileLimit limit(bytes - 1);
    test::ExpectError(ErrorCode::kIo, "streams",
                      [&] { const LayerWalk walk(engine, text, dir / "streams", 0); });
  }
  EXPECT_TRUE(fs::is_empty(dir.path()));
  const test::FileLimit limit(bytes);
  const LayerWalk walk(engine, text, dir / "streams", 0);
}

}  // namespace
}  // namespace hlwq::calibrate
