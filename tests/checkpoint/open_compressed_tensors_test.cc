#include "checkpoint/open_compressed_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/row_reader.h"
#include "io/safetensors.h"
#include "tests/checkpoint/golden_folders.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

struct Stored {
  DType dtype = DType::kBF16;
  Shape shape;
  std::vector<std::byte> bytes;
};

std::map<std::string, Stored> ReadAll(const fs::path& path) {
  const io::SafetensorsFile file = io::SafetensorsFile::Open(path);
  std::map<std::string, Stored> tensors;
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    Stored stored{entry.dtype, entry.shape, std::vector<std::byte>(entry.bytes())};
    file.file().ReadAt(file.header().data_offset + entry.begin, stored.bytes);
    tensors[entry.name] = std::move(stored);
  }
  return tensors;
}

class GoodCompressed : public testing::TestWithParam<std::string> {
 protected:
  const fs::path folder_ = test::Golden("good/compressed_tensors") / GetParam();
  const Checkpoint checkpoint_ = OpenCheckpoint(folder_);
};
INSTANTIATE_TEST_SUITE_P(Golden, GoodCompressed,
                         testing::ValuesIn(test::GoldenCases("good/compressed_tensors")),
                         test::CaseName);

TEST_P(GoodCompressed, DecodesToTheLibrarysBits) {
  const auto expected = ReadAll(folder_ / "expected.st");
  size_t coded = 0;
  for (const TensorEntry& entry : checkpoint_.tensors) {
    if (!std::holds_alternative<CodedStorage>(entry.storage)) {
      EXPECT_EQ(entry.name, "model.norm.weight");
      continue;
    }
    ++coded;
    SCOPED_TRACE(entry.name);
    const Stored& want = expected.at(entry.name);
    EXPECT_EQ(entry.dtype, want.dtype);
    EXPECT_EQ(entry.shape, want.shape);
    const RowReader reader(checkpoint_, entry, codec::ReferenceBackend());
    std::vector<std::byte> stored, got(want.bytes.size());
    reader.ReadStored({0, entry.shape[0]}, stored);
    reader.DecodeTo(entry.dtype, {0, entry.shape[0]}, stored, got);
    EXPECT_TRUE(got == want.bytes);
  }
  EXPECT_EQ(coded, expected.size());
}

TEST_P(GoodCompressed, AbsmaxCodesAreTheLibrarysBits) {
  const auto source = ReadAll(folder_ / "source.st");
  for (const TensorEntry& entry : checkpoint_.tensors) {
    const auto* coded = std::get_if<CodedStorage>(&entry.storage);
    if (coded == nullptr) continue;
    SCOPED_TRACE(entry.name);
    codec::CodecSpec spec = coded->spec;
    EXPECT_EQ(spec.scale_rule, "unknown");
    spec.scale_rule = "absmax";
    const auto codec = codec::MakeReferenceCodec(spec);
    const auto parts = codec->Parts(coded->matrix);
    std::vector<std::byte> packed(parts[0].bytes), scale(parts[1].bytes);
    const std::vector<std::span<std::byte>> rows = {packed, scale};
    codec::ErrorStats stats;
    const Stored& weights = source.at(entry.name);
    codec->EncodeRowsFrom(weights.dtype, weights.bytes, coded->matrix.in, 0, rows, stats);
    const std::vector<FileRange>& ranges = coded->slices[0].row_parts;
    for (size_t i = 0; i < rows.size(); ++i) {
      std::vector<std::byte> want(ranges[i].bytes);
      checkpoint_.files[ranges[i].file].ReadAt(ranges[i].offset, want);
      EXPECT_TRUE(std::ranges::equal(rows[i], want)) << "part " << i;
    }
    EXPECT_THROW(
        codec::MakeReferenceCodec(coded->spec)
            ->EncodeRowsFrom(weights.dtype, weights.bytes, coded->matrix.in, 0, rows, stats),
        Error);
  }
}

TEST_P(GoodCompressed, ConfigurationIsThatOfTheDecodedModel) {
  EXPECT_EQ(FormatName(checkpoint_.format), "compressed-tensors");
  EXPECT_FALSE(checkpoint_.config.contains("quantization_config"));
  ASSERT_EQ(checkpoint_.side_files.size(), 1u);
  EXPECT_EQ(checkpoint_.side_files[0].name, "config.json");
  EXPECT_EQ(nlohmann::json::parse(checkpoint_.side_files[0].content), checkpoint_.config);
}

class BadCompressed : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Golden, BadCompressed,
                         testing::ValuesIn(test::GoldenCases("bad/compressed_tensors")),
                         test::CaseName);

TEST_P(BadCompressed, IsRefusedByNameOfWhatIsWrong) {
  test::ExpectRefused(test::Golden("bad/compressed_tensors") / GetParam());
}

TEST(CompressedConfig, OtherMethodsAreNotTakenForIt) {
  using nlohmann::json;
  EXPECT_TRUE(HasCompressedConfig(
      json::parse(R"({"quantization_config": {"quant_method": "compressed-tensors"}})")));
  EXPECT_FALSE(
      HasCompressedConfig(json::parse(R"({"quantization_config": {"quant_method": "gptq"}})")));
  EXPECT_FALSE(
      HasCompressedConfig(json::parse(R"({"quantization_config": "compressed-tensors"})")));
  EXPECT_FALSE(HasCompressedConfig(json()));
}

}  // namespace
}  // namespace hlwq::checkpoint
