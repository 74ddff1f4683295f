#include "checkpoint/polar/open.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoint/row_reader.h"
#include "io/safetensors.h"
#include "tests/checkpoint/golden_folders.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr double kTolerance = 1e-5;  // relative to a tensor's largest value

// Every tensor of a file of F32 tensors.
struct Expected {
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::pair<Shape, std::vector<float>>> tensors;
};

Expected ReadExpected(const fs::path& path) {
  const io::SafetensorsFile file = io::SafetensorsFile::Open(path);
  Expected expected{.metadata = file.header().metadata, .tensors = {}};
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    std::vector<float> values(entry.bytes() / sizeof(float));
    file.file().ReadAt(file.header().data_offset + entry.begin,
                       std::as_writable_bytes(std::span(values)));
    expected.tensors[entry.name] = {entry.shape, std::move(values)};
  }
  return expected;
}

std::vector<float> Decode(const Checkpoint& checkpoint, const TensorEntry& entry) {
  const RowReader reader(checkpoint, entry, codec::ReferenceBackend());
  const MatrixShape matrix = reader.matrix();
  std::vector<float> values(matrix.out * matrix.in);
  for (uint64_t row = 0; row < matrix.out; row += reader.slice_rows()) {
    reader.ReadRows({row, row + reader.slice_rows()},
                    std::span(values).subspan(row * matrix.in, reader.slice_rows() * matrix.in));
  }
  return values;
}

// The coded tensors are exactly the expected ones, and have their shapes and values.
void ExpectDecodesTo(const Checkpoint& checkpoint, const Expected& expected) {
  size_t coded = 0;
  for (const TensorEntry& entry : checkpoint.tensors) {
    const auto found = expected.tensors.find(entry.name);
    if (std::holds_alternative<PlainStorage>(entry.storage)) {
      EXPECT_EQ(found, expected.tensors.end()) << entry.name;
      continue;
    }
    ++coded;
    ASSERT_NE(found, expected.tensors.end()) << entry.name;
    const auto& [shape, values] = found->second;
    EXPECT_EQ(entry.shape, shape) << entry.name;
    const std::vector<float> decoded = Decode(checkpoint, entry);
    ASSERT_EQ(decoded.size(), values.size()) << entry.name;
    double largest = 0, worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      largest = std::max(largest, std::abs(double{values[i]}));
      worst = std::max(worst, std::abs(double{values[i]} - decoded[i]));
    }
    EXPECT_GT(largest, 0) << entry.name;
    EXPECT_LE(worst, kTolerance * largest) << entry.name;
  }
  EXPECT_EQ(coded, expected.tensors.size());
}

std::string Joined(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += note + "\n";
  return text;
}

class GoodPolar : public testing::TestWithParam<std::string> {};

TEST_P(GoodPolar, DecodesToWhatItsCodesNormsAndTableMean) {
  const fs::path folder = test::Golden("good/polar") / GetParam();
  const Expected expected = ReadExpected(folder / "expected.st");
  const Checkpoint checkpoint = OpenCheckpoint(folder);
  EXPECT_EQ(FormatName(checkpoint.format), expected.metadata.at("format"));
  EXPECT_THAT(Joined(checkpoint.notes), HasSubstr(expected.metadata.at("notes")));
  for (const TensorEntry& entry : checkpoint.tensors) {
    if (std::holds_alternative<CodedStorage>(entry.storage)) {
      EXPECT_EQ(DTypeName(entry.dtype), expected.metadata.at("dtype")) << entry.name;
    }
  }
  ExpectDecodesTo(checkpoint, expected);
}

INSTANTIATE_TEST_SUITE_P(Golden, GoodPolar, testing::ValuesIn(test::GoldenCases("good/polar")),
                         test::CaseName);

class BadPolar : public testing::TestWithParam<std::string> {};

TEST_P(BadPolar, IsRefusedByNameOfWhatIsWrong) {
  test::ExpectRefused(test::Golden("bad/polar") / GetParam());
}

INSTANTIATE_TEST_SUITE_P(Golden, BadPolar, testing::ValuesIn(test::GoldenCases("bad/polar")),
                         test::CaseName);

class PublishedPolar : public testing::TestWithParam<const char*> {};

TEST_P(PublishedPolar, FilesOfThePublishedPackageDecodeToTheirFloat64Values) {
  const fs::path folder = test::SharedData("golden") / GetParam();
  HLWQ_REQUIRE_SHARED(folder);
  const Checkpoint checkpoint = OpenCheckpoint(folder);
  EXPECT_EQ(checkpoint.format, Format::kPolarLegacy);
  const Expected expected = ReadExpected(folder / "golden.st");
  ASSERT_FALSE(expected.tensors.empty());
  ExpectDecodesTo(checkpoint, expected);
  EXPECT_EQ(checkpoint.Find("lm_head.weight"), nullptr);  // tied: not stored
  const TensorEntry* norm = checkpoint.Find("model.norm.weight");
  ASSERT_NE(norm, nullptr);
  EXPECT_TRUE(std::holds_alternative<PlainStorage>(norm->storage));
}

INSTANTIATE_TEST_SUITE_P(Shared, PublishedPolar,
                         testing::Values("published-llama-tied-packed",
                                         "published-llama-tied-plain", "published-qwen2-packed",
                                         "published-qwen2-plain"),
                         [](const auto& published) {
                           std::string name = published.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(OpenPolar, TensorsStayInStoredOrderAndPlainOnesKeepNameTypeAndBytes) {
  const Checkpoint checkpoint = OpenCheckpoint(test::Golden("good/polar/two-shards"));
  ASSERT_EQ(checkpoint.tensors.size(), 2u);
  EXPECT_EQ(checkpoint.tensors[0].name, "model.layers.1.mlp.experts.gate_up_proj");
  const TensorEntry& norm = checkpoint.tensors[1];
  EXPECT_EQ(norm.name, "model.norm.weight");
  EXPECT_EQ(norm.dtype, DType::kBF16);
  const FileRange& range = std::get<PlainStorage>(norm.storage).range;
  std::array<uint8_t, 8> bytes;
  checkpoint.files[range.file].ReadAt(range.offset, std::as_writable_bytes(std::span(bytes)));
  EXPECT_EQ(bytes, (std::array<uint8_t, 8>{0x80, 0x3f, 0x00, 0x40, 0x80, 0xbf, 0x00, 0x3f}));
}

TEST(OpenPolar, EveryFusedSliceHasItsOwnRows) {
  const Checkpoint checkpoint = OpenCheckpoint(test::Golden("good/polar/experts"));
  const auto& coded = std::get<CodedStorage>(checkpoint.tensors.at(0).storage);
  ASSERT_EQ(coded.slices.size(), 3u);
  EXPECT_EQ(coded.matrix, (MatrixShape{2, 130}));
  std::set<uint64_t> offsets;
  for (const CodedSlice& slice : coded.slices) {
    ASSERT_EQ(slice.row_parts.size(), 2u);
    for (const FileRange& range : slice.row_parts) offsets.insert(range.offset);
  }
  EXPECT_EQ(offsets.size(), 6u);
}

Checkpoint WithTensors(std::vector<std::string> names) {
  Checkpoint checkpoint;
  for (std::string& name : names) {
    checkpoint.tensors.push_back({std::move(name), DType::kU8, {1}, PlainStorage{}});
  }
  return checkpoint;
}

TEST(LooksLikePolar, OnPartsOfCodedTensorsAndOnOurSectionOnly) {
  EXPECT_FALSE(LooksLikePolar(WithTensors({})));
  EXPECT_FALSE(LooksLikePolar(WithTensors({"model.norm.weight", "a.norms", "b.ct"})));
  EXPECT_FALSE(LooksLikePolar(WithTensors({"q_proj.codes", "q_proj.scales"})));  // other formats
  EXPECT_TRUE(LooksLikePolar(WithTensors({"q_proj.codes", "q_proj.norms"})));
  EXPECT_TRUE(LooksLikePolar(WithTensors({"q_proj.norms", "q_proj.ct_scaled"})));
  EXPECT_TRUE(LooksLikePolar(WithTensors({"q_proj__packed"})));
  EXPECT_TRUE(LooksLikePolar(WithTensors({"q_proj__norms"})));
  EXPECT_TRUE(LooksLikePolar(WithTensors({"q_proj__tscales"})));
  Checkpoint ours = WithTensors({"a"});
  ours.polar_config = {{"format", "hlwq-q5"}};
  EXPECT_FALSE(LooksLikePolar(ours));
  ours.polar_config["hlwq"] = nullptr;
  EXPECT_TRUE(LooksLikePolar(ours));
}

}  // namespace
}  // namespace hlwq::checkpoint
