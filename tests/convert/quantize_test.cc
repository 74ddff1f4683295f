#include "convert/quantize.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "checkpoint/verify.h"
#include "codec/backend.h"
#include "tests/support/codec_name.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// With each codec.
class QuantizeTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  static QuantizeOptions Options(int bits = 5) {
    QuantizeOptions options;
    options.codec = codec::DefaultSpec(GetParam());
    options.recipe.recipe = "published";
    options.recipe.bits = bits;
    return options;
  }
  static ConversionResult QuantizeFolder(const fs::path& source, const fs::path& destination,
                                         const QuantizeOptions& options = Options()) {
    return Quantize(checkpoint::OpenCheckpoint(source), destination, options,
                    codec::ReferenceBackend());
  }
  // The widths that the codec has.
  static std::vector<int> Widths() {
    return GetParam() == codec::kTrellisCodec ? std::vector{2, 3, 4, 5, 6}
                                              : std::vector{1, 2, 3, 4, 5, 6, 7, 8};
  }
};
INSTANTIATE_TEST_SUITE_P(Codecs, QuantizeTest, ::testing::ValuesIn(codec::CodecNames()),
                         test::CodecTestName);

std::vector<float> ReadAll(const checkpoint::Checkpoint& checkpoint, std::string_view name) {
  const checkpoint::TensorEntry* entry = checkpoint.Find(name);
  if (entry == nullptr) throw std::runtime_error("no tensor " + std::string(name));
  const checkpoint::RowReader reader(checkpoint, *entry, codec::ReferenceBackend());
  std::vector<float> values(entry->elements());
  const uint64_t in = reader.matrix().in;
  for (uint64_t row = 0; row < reader.matrix().out; ++row) {
    reader.ReadRows({row, row + 1}, std::span(values).subspan(row * in, in));
  }
  return values;
}

double SnrDb(std::span<const float> original, std::span<const float> decoded) {
  double signal = 0, noise = 0;
  for (size_t index = 0; index < original.size(); ++index) {
    signal += double(original[index]) * original[index];
    noise += std::pow(double(original[index]) - decoded[index], 2);
  }
  return 10 * std::log10(signal / noise);
}

TEST_P(QuantizeTest, WeightsComeBackAtTheQualityOfTheCodecAndTheRestByteForByte) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src");
  const ConversionResult result = QuantizeFolder(dir / "src", dir / "dst");
  const auto source = checkpoint::OpenCheckpoint(dir / "src");
  const auto coded = checkpoint::OpenCheckpoint(dir / "dst");
  EXPECT_EQ(coded.format, checkpoint::Format::kPolarState);
  ASSERT_EQ(coded.tensors.size(), source.tensors.size());
  for (const checkpoint::TensorReport& report : result.job.manifest.reports) {
    const auto original = ReadAll(source, report.name);
    const auto decoded = ReadAll(coded, report.name);
    EXPECT_EQ(source.Find(report.name)->shape, coded.Find(report.name)->shape);
    if (!report.is_quantized) {
      EXPECT_EQ(original, decoded) << report.name;
      continue;
    }
    const double snr = SnrDb(original, decoded);
    EXPECT_GT(snr, 26.5) << report.name;
    EXPECT_LT(snr, 35.0) << report.name;
    EXPECT_NEAR(report.errors->SnrDb(), snr, 0.05) << report.name;
    EXPECT_EQ(report.errors->count, original.size());
  }
  EXPECT_TRUE(checkpoint::VerifyFolder(dir / "dst", {}).ok());
}

TEST_P(QuantizeTest, ResultDoesNotDependOnThreadsOrShards) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src");
  QuantizeOptions options = Options();
  options.output.threads = 1;
  QuantizeFolder(dir / "src", dir / "one", options);
  options.output.threads = 4;
  QuantizeFolder(dir / "src", dir / "four", options);
  EXPECT_EQ(test::FolderContent(dir / "one"), test::FolderContent(dir / "four"));

  options.output.max_shard_bytes = 20'000;
  QuantizeFolder(dir / "src", dir / "sharded", options);
  const auto one = checkpoint::OpenCheckpoint(dir / "one");
  const auto sharded = checkpoint::OpenCheckpoint(dir / "sharded");
  EXPECT_GT(sharded.files.size(), 3u);
  for (const checkpoint::TensorEntry& entry : one.tensors) {
    EXPECT_EQ(ReadAll(one, entry.name), ReadAll(sharded, entry.name)) << entry.name;
  }
}

TEST_P(QuantizeTest, EveryWidthRoundTripsThroughTheFolder) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  double previous = 0;
  for (const int bits : Widths()) {
    const auto result =
        QuantizeFolder(dir / "src", dir / ("dst" + std::to_string(bits)), Options(bits));
    const auto source = checkpoint::OpenCheckpoint(dir / "src");
    const auto coded = checkpoint::OpenCheckpoint(dir / ("dst" + std::to_string(bits)));
    const std::string name = "model.layers.0.mlp.down_proj.weight";
    const double snr = SnrDb(ReadAll(source, name), ReadAll(coded, name));
    EXPECT_GT(snr, previous + 3) << bits;
    previous = snr;
  }
}

TEST(Quantize, CodecAndEffortArePartOfThePlan) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  const auto source = checkpoint::OpenCheckpoint(dir / "src");
  std::set<uint64_t> plans;
  using codec::TrellisParameters;
  for (const codec::CodecParameters& parameters :
       {codec::CodecParameters(codec::HlwqParameters()),
        codec::CodecParameters(TrellisParameters()),
        codec::CodecParameters(TrellisParameters{.effort = "fast"}),
        codec::CodecParameters(TrellisParameters{.effort = "best"})}) {
    QuantizeOptions options;
    options.codec.parameters = parameters;
    options.output.destination.overwrite = true;
    plans.insert(
        Quantize(source, dir / "dst", options, codec::ReferenceBackend()).job.manifest.plan_xxh3);
  }
  EXPECT_EQ(plans.size(), 4u);
}

TEST_P(QuantizeTest, WidthsThatTheCodecLacksNameTensorAndRuleBeforeAnythingIsWritten) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  QuantizeOptions options = Options();
  options.non_finite = NonFinitePolicy::kKeep;  // the tensors would be read first
  options.recipe.embedding_bits = 8;
  options.output.progress = [](const ProgressUpdate&) { FAIL() << "began"; };
  if (Widths().back() == 8) {
    options.output.progress = nullptr;
    EXPECT_NO_THROW(QuantizeFolder(dir / "src", dir / "dst", options));
    return;
  }
  try {
    QuantizeFolder(dir / "src", dir / "dst", options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_STREQ(error.what(),
                 "'model.embed_tokens.weight' (recipe): codec hlwq-t: want bits in 2..6, got 8");
  }
  EXPECT_FALSE(fs::exists(dir / "dst.partial"));
}

TEST_P(QuantizeTest, FusedExpertsAreCodedSliceBySlice) {
  const test::TempDir dir;
  fs::create_directory(dir / "src");
  test::WriteSafetensors(dir / "src" / "model.safetensors",
                         {{"model.layers.0.mlp.experts.gate_up_proj", DType::kBF16, {3, 64, 128}},
                          {"model.layers.0.mlp.experts.down_proj", DType::kBF16, {3, 128, 32}}});
  QuantizeFolder(dir / "src", dir / "dst");
  const auto source = checkpoint::OpenCheckpoint(dir / "src");
  const auto coded = checkpoint::OpenCheckpoint(dir / "dst");
  for (const checkpoint::TensorEntry& entry : source.tensors) {
    const auto* storage = std::get_if<checkpoint::CodedStorage>(&coded.Find(entry.name)->storage);
    ASSERT_NE(storage, nullptr);
    EXPECT_EQ(storage->slices.size(), 3u);
    EXPECT_GT(SnrDb(ReadAll(source, entry.name), ReadAll(coded, entry.name)), 26);
  }
}

TEST_P(QuantizeTest, NonFiniteWeightsAreAnErrorOrKept) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity(), 1e30f}) {
    const test::TempDir dir;
    fs::create_directory(dir / "src");
    const std::string name = "model.layers.0.mlp.up_proj.weight";
    test::WriteSafetensors(
        dir / "src" / "model.safetensors",
        {{name, DType::kBF16, {4, 128}, [&](uint64_t index) { return index == 300 ? bad : 0.01f; }},
         {"model.layers.0.mlp.gate_proj.weight", DType::kBF16, {4, 128}}});
    try {
      QuantizeFolder(dir / "src", dir / "dst");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNonFinite);
      EXPECT_THAT(error.what(), HasSubstr(name));
      EXPECT_THAT(error.what(), HasSubstr("row 2"));
    }
    EXPECT_FALSE(fs::exists(dir / "dst"));

    QuantizeOptions options = Options();
    options.non_finite = NonFinitePolicy::kKeep;
    options.output.destination.overwrite = true;
    const ConversionResult result = QuantizeFolder(dir / "src", dir / "dst", options);
    EXPECT_THAT(result.notes, testing::Contains(HasSubstr(name)));
    const auto coded = checkpoint::OpenCheckpoint(dir / "dst");
    EXPECT_TRUE(std::holds_alternative<checkpoint::PlainStorage>(coded.Find(name)->storage));
    EXPECT_EQ(result.job.manifest.reports[1].is_quantized, true);
  }
}

TEST_P(QuantizeTest, ZeroBlocksAndDenormalsHaveDefinedCodes) {
  const test::TempDir dir;
  fs::create_directory(dir / "src");
  const std::string zero = "model.layers.0.mlp.up_proj.weight";
  const std::string tiny = "model.layers.0.mlp.gate_proj.weight";
  test::WriteSafetensors(
      dir / "src" / "model.safetensors",
      {{zero, DType::kF32, {2, 256}, [](uint64_t) { return 0.0f; }},
       {tiny, DType::kF32, {2, 256}, [](uint64_t i) { return 1e-41f * (i % 7); }}});
  const auto result = QuantizeFolder(dir / "src", dir / "dst");
  const auto coded = checkpoint::OpenCheckpoint(dir / "dst");
  EXPECT_EQ(ReadAll(coded, zero), std::vector<float>(512, 0.0f));
  EXPECT_EQ(ReadAll(coded, tiny), std::vector<float>(512, 0.0f));
  EXPECT_EQ(result.job.manifest.reports[0].errors->zero_blocks, 4u);
}

TEST_P(QuantizeTest, VerifyNamesTheTensorOfASingleFlippedBit) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src");
  QuantizeFolder(dir / "src", dir / "dst");
  const auto coded = checkpoint::OpenCheckpoint(dir / "dst");
  const std::string name = "model.layers.1.self_attn.k_proj.weight";
  const auto& storage = std::get<checkpoint::CodedStorage>(coded.Find(name)->storage);
  const checkpoint::FileRange& range = storage.slices[0].row_parts[0];
  const File file = File::OpenForWrite(dir / "dst" / "model.safetensors");
  std::array<std::byte, 1> byte;
  file.ReadAt(range.offset + range.bytes / 2, byte);
  byte[0] ^= std::byte{4};
  file.WriteAt(range.offset + range.bytes / 2, byte);
  const auto result = checkpoint::VerifyFolder(dir / "dst", {});
  ASSERT_EQ(result.problems.size(), 1u);
  const auto parts = codec::MakeReferenceCodec(storage.spec)->Parts(storage.matrix);
  EXPECT_EQ(result.problems[0].tensor, name + parts[0].suffix);
  EXPECT_THAT(result.problems[0].what, HasSubstr("checksum"));
}

TEST_P(QuantizeTest, VerifyNamesMissingAndTruncatedFiles) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src");
  QuantizeFolder(dir / "src", dir / "dst");
  fs::remove(dir / "dst" / "config.json");
  fs::resize_file(dir / "dst" / "model.safetensors",
                  fs::file_size(dir / "dst" / "model.safetensors") - 1);
  const auto result = checkpoint::VerifyFolder(dir / "dst", {});
  ASSERT_GE(result.problems.size(), 2u);
  EXPECT_EQ(result.problems[0].file, "config.json");
  EXPECT_EQ(result.problems[0].what, "missing");
  EXPECT_EQ(result.problems[1].file, "model.safetensors");
}

}  // namespace
}  // namespace hlwq::convert
