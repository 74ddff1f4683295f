#include "checkpoint/compressed_tensors/open.h"

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

// Codes and scales of the weights that the folder was made from, part after part.
std::vector<std::vector<std::byte>> Encode(const CodedStorage& coded,
                                           std::optional<codec::IntScaleRule> rule,
                                           const Stored& weights) {
  codec::CodecSpec spec = coded.spec;
  std::get<codec::PackQuantizedParameters>(spec.parameters).scale_rule = rule;
  const auto codec = codec::MakeReferenceCodec(spec);
  std::vector<std::vector<std::byte>> parts;
  for (const codec::Part& part : codec->Parts(coded.matrix)) {
    if (!part.is_constant()) parts.emplace_back(part.bytes);
  }
  const std::vector<std::span<std::byte>> rows(parts.begin(), parts.end());
  codec::ErrorStats stats;
  codec->EncodeRowsFrom(weights.dtype, weights.bytes, coded.matrix.in, 0, rows, stats);
  return parts;
}

TEST_P(GoodCompressed, AbsmaxCodesAreTheLibrarysAndSearchedOnesThoseOfTheFormat) {
  const auto source = ReadAll(folder_ / "source.st");
  const auto library = ReadAll(folder_ / "model.safetensors");
  const auto searched = ReadAll(folder_ / "searched.st");
  for (const auto& [name, weights] : source) {
    SCOPED_TRACE(name);
    const auto& coded = std::get<CodedStorage>(checkpoint_.Find(name)->storage);
    using enum codec::IntScaleRule;
    for (const auto& [rule, want] : {std::pair{kAbsmax, &library}, {kMse, &searched}}) {
      const auto parts = Encode(coded, rule, weights);
      EXPECT_TRUE(parts[0] == want->at(name + "_packed").bytes) << IntScaleRuleName(rule);
      EXPECT_TRUE(parts[1] == want->at(name + "_scale").bytes) << IntScaleRuleName(rule);
    }
    EXPECT_EQ(codec::DescribeSpec(coded.spec).scale_rule, "unknown");
    EXPECT_THROW(Encode(coded, std::nullopt, weights), Error);
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
