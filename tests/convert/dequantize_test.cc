#include "convert/dequantize.h"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "codec/backend.h"
#include "convert/quantize.h"
#include "io/safetensors.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;

void Quantized(const fs::path& source, const fs::path& destination,
               std::string_view codec_name = codec::kHlwqCodec) {
  QuantizeOptions options;
  options.codec = codec::DefaultSpec(codec_name);
  Quantize(checkpoint::OpenCheckpoint(source), destination, options, codec::ReferenceBackend());
}

void Dequantized(const fs::path& source, const fs::path& destination,
                 DequantizeOptions options = {}) {
  Dequantize(checkpoint::OpenCheckpoint(source), destination, options, codec::ReferenceBackend());
}

std::map<std::string, io::SafetensorsEntry> Entries(const fs::path& folder) {
  std::map<std::string, io::SafetensorsEntry> entries;
  for (const auto& item : fs::directory_iterator(folder)) {
    if (item.path().extension() != ".safetensors") continue;
    const io::SafetensorsFile file = io::SafetensorsFile::Open(item.path());
    for (const auto& entry : file.header().entries) {
      entries[entry.name] = entry;
    }
  }
  return entries;
}

TEST(Dequantize, GivesBackTheLayoutOfTheSource) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src");
  const auto before = Entries(dir / "src");
  for (const std::string_view codec : codec::CodecNames()) {
    const fs::path coded = dir / ("coded-" + std::string(codec));
    const fs::path back = dir / ("back-" + std::string(codec));
    Quantized(dir / "src", coded, codec);
    Dequantized(coded, back);
    const auto after = Entries(back);
    ASSERT_EQ(before.size(), after.size());
    for (const auto& [name, entry] : before) {
      ASSERT_TRUE(after.contains(name)) << name;
      EXPECT_EQ(after.at(name).dtype, entry.dtype) << name;
      EXPECT_EQ(after.at(name).shape, entry.shape) << name;
    }
  }
}

TEST(Dequantize, OfCompressedTensorsIsWhatTheLibraryDecodesAndAsksForNoLibrary) {
  const test::TempDir dir;
  const fs::path source = test::Golden("good/compressed_tensors/int4");
  Dequantized(source, dir / "plain");
  EXPECT_FALSE(ReadJsonFile(dir / "plain" / "config.json").contains("quantization_config"));
  const auto content = [](const fs::path& path, const std::string& name) {
    const io::SafetensorsFile file = io::SafetensorsFile::Open(path);
    for (const io::SafetensorsEntry& entry : file.header().entries) {
      if (entry.name != name) continue;
      std::vector<std::byte> bytes(entry.bytes());
      file.file().ReadAt(file.header().data_offset + entry.begin, bytes);
      return bytes;
    }
    throw Error(ErrorCode::kNotFound, name);
  };
  const std::string name = "model.layers.0.self_attn.q_proj.weight";
  EXPECT_EQ(content(dir / "plain" / "model.safetensors", name),
            content(source / "expected.st", name));
}

TEST(Quantize, TakesTheCheckpointOfAnotherCodecAsItsSource) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  for (const std::string_view first : codec::CodecNames()) {
    for (const std::string_view second : codec::CodecNames()) {
      const fs::path folder = dir / (std::string(first) + "-" + std::string(second));
      fs::create_directory(folder);
      Quantized(dir / "src", folder / "once", first);
      // The same from codes, tile by tile, as from their decoded weights.
      Quantized(folder / "once", folder / "twice", second);
      DequantizeOptions options;
      options.dtype = DType::kF32;
      Dequantized(folder / "once", folder / "plain", options);
      Quantized(folder / "plain", folder / "want", second);
      const std::string shard = "model.safetensors";
      EXPECT_EQ(ReadSmallFile(folder / "twice" / shard, 1 << 24),
                ReadSmallFile(folder / "want" / shard, 1 << 24));
    }
  }
}

TEST(Dequantize, SecondRoundLosesLittleMore) {
  // Codes of decoded weights stay close to the codes that made them.
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  Quantized(dir / "src", dir / "coded");
  DequantizeOptions options;
  options.dtype = DType::kF32;
  Dequantized(dir / "coded", dir / "f32", options);
  const ConversionResult again = Quantize(checkpoint::OpenCheckpoint(dir / "f32"), dir / "again",
                                          {}, codec::ReferenceBackend());
  for (const auto& report : again.job.manifest.reports) {
    if (report.is_quantized) {
      EXPECT_GT(report.errors->SnrDb(), 35) << report.name;
    }
  }
  const auto config = ReadJsonFile(dir / "f32" / "config.json");
  EXPECT_EQ(config["torch_dtype"], "float32");
}

TEST(Dequantize, ValuesBeyondF16AreAnErrorNotInfinity) {
  const test::TempDir dir;
  checkpoint::Checkpoint source;
  source.header_hashes = {0};
  source.tensors.push_back({"w",
                            DType::kF32,
                            {4, 128},
                            checkpoint::SyntheticStorage{.seed = 1, .mean = 1e5f, .deviation = 1}});
  DequantizeOptions options;
  options.dtype = DType::kF16;
  try {
    Dequantize(source, dir / "f16", options, codec::ReferenceBackend());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNonFinite);
    EXPECT_THAT(error.what(), testing::HasSubstr("'w': row 0, column 0"));
  }
  options.dtype = DType::kF32;
  Dequantize(source, dir / "f32", options, codec::ReferenceBackend());
}

TEST(Dequantize, RealCheckpointsOfEveryFamilyKeepTheirTensors) {
  for (const char* name :
       {"llama-tied", "llama-rope3", "mistral-swa", "qwen2", "qwen3", "qwen3-moe", "qwen3_5",
        "qwen3_5_moe", "qwen3_5_moe-text", "qwen3_next"}) {
    const auto source = test::SharedData(std::string("golden/") + name);
    HLWQ_REQUIRE_SHARED(source);
    const test::TempDir dir;
    Quantized(source, dir / "coded");
    Dequantized(dir / "coded", dir / "back");
    const auto before = Entries(source);
    const auto after = Entries(dir / "back");
    EXPECT_EQ(before.size(), after.size()) << name;
    for (const auto& [tensor, entry] : before) {
      ASSERT_TRUE(after.contains(tensor)) << name << " " << tensor;
      EXPECT_EQ(after.at(tensor).dtype, entry.dtype) << name << " " << tensor;
      EXPECT_EQ(after.at(tensor).shape, entry.shape) << name << " " << tensor;
    }
  }
}

}  // namespace
}  // namespace hlwq::convert
