#include "checkpoint/small_floats/open.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/row_reader.h"
#include "tensor/small_float.h"
#include "tests/checkpoint/golden_folders.h"
#include "tests/support/golden_tensors.h"

namespace hlwq::checkpoint {
namespace {

TEST(SmallFloats, CodesStandForWhatTheirTypesSay) {
  const test::GoldenTensors tables(test::Golden("good/small_floats/tables.st"));
  for (const char* name : {"F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "F4"}) {
    const std::vector<float>& want = tables[name].values;
    const std::span<const float> got = SmallFloatValues(*DTypeFromName(name));
    ASSERT_EQ(got.size(), want.size()) << name;
    for (size_t code = 0; code < want.size(); ++code) {
      if (std::isnan(want[code])) {
        EXPECT_TRUE(std::isnan(got[code])) << name << " " << code;
      } else {
        EXPECT_EQ(std::bit_cast<uint32_t>(got[code]), std::bit_cast<uint32_t>(want[code]))
            << name << " " << code;
      }
    }
  }
  EXPECT_TRUE(SmallFloatValues(DType::kBF16).empty());
}

class GoodSmallFloats : public testing::TestWithParam<std::string> {
 protected:
  const std::filesystem::path folder_ = test::Golden("good/small_floats") / GetParam();
  const Checkpoint checkpoint_ = OpenCheckpoint(folder_);
  const test::GoldenTensors expected_{folder_ / "expected.st"};

  // The tensors that were recognised.
  std::vector<const TensorEntry*> Scaled() const {
    std::vector<const TensorEntry*> scaled;
    for (const TensorEntry& entry : checkpoint_.tensors) {
      if (std::holds_alternative<ScaledStorage>(entry.storage)) scaled.push_back(&entry);
    }
    return scaled;
  }
};
INSTANTIATE_TEST_SUITE_P(Golden, GoodSmallFloats,
                         testing::ValuesIn(test::GoldenCases("good/small_floats")), test::CaseName);

TEST_P(GoodSmallFloats, AreTheWeightsOfTheirMakers) {
  ASSERT_FALSE(Scaled().empty());
  for (const TensorEntry* entry : Scaled()) {
    SCOPED_TRACE(entry->name);
    const test::GoldenTensor& want = expected_[entry->name];
    EXPECT_EQ(entry->dtype, DType::kBF16);
    ASSERT_EQ(entry->shape, want.shape);
    const RowReader reader(checkpoint_, *entry, codec::ReferenceBackend());
    // In pieces of every length, which begin and end inside blocks.
    for (const uint64_t most : {uint64_t{1}, uint64_t{5}, uint64_t{100}, uint64_t{1000}}) {
      std::vector<float> got(want.values.size());
      const MatrixShape matrix = reader.matrix();
      for (RowRange rows; rows.begin < matrix.out; rows.begin = rows.end) {
        const uint64_t slice_end = (rows.begin / reader.slice_rows() + 1) * reader.slice_rows();
        rows.end = std::min({rows.begin + most, matrix.out, slice_end});
        reader.ReadRows(rows,
                        std::span(got).subspan(rows.begin * matrix.in, rows.size() * matrix.in));
      }
      EXPECT_EQ(got, want.values) << "in pieces of " << most;
    }
  }
}

TEST_P(GoodSmallFloats, NothingElseOfTheFormatIsLeft) {
  for (const TensorEntry& entry : checkpoint_.tensors) {
    EXPECT_THAT(entry.name, testing::Not(testing::ContainsRegex("scale|packed|blocks")))
        << entry.name;
  }
  EXPECT_FALSE(checkpoint_.config.is_object() &&
               checkpoint_.config.contains("quantization_config"));
}

// A list of stored tensors without a file.
std::string MessageAbout(const std::vector<std::pair<std::string, TensorEntry>>& tensors) {
  StoredInput input{.file_names = {"x.safetensors"}, .read = [](const FileRange&, auto out) {
                      std::ranges::fill(out, std::byte{0});
                    }};
  std::vector<TensorEntry> stored;
  for (const auto& [name, tensor] : tensors) {
    stored.push_back(tensor);
    stored.back().name = name;
    stored.back().storage =
        PlainStorage{{0, 0, TensorBytes(tensor.dtype, tensor.shape).value_or(0)}};
  }
  input.stored = stored;
  std::vector<std::string> notes;
  try {
    RecogniseSmallFloats(input, {}, notes);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
TensorEntry Of(DType dtype, Shape shape) { return {.dtype = dtype, .shape = std::move(shape)}; }

TEST(SmallFloats, WhatDoesNotFitIsNamed) {
  using testing::HasSubstr;
  const TensorEntry weight = Of(DType::kF8E4M3, {300, 260});
  EXPECT_EQ(MessageAbout({{"a.weight", weight}, {"a.weight_scale_inv", Of(DType::kF32, {3, 3})}}),
            "no error");
  EXPECT_THAT(MessageAbout({{"a.weight", weight}, {"a.weight_scale_inv", Of(DType::kF32, {3, 7})}}),
              HasSubstr("'a.weight_scale_inv': scales [3, 7] do not fit 1 matrices of 300 x 260"));
  EXPECT_THAT(MessageAbout({{"a.weight", weight}, {"a.weight_scale", Of(DType::kI64, {1})}}),
              HasSubstr("'a.weight_scale': want F32"));
  EXPECT_THAT(MessageAbout({{"a.weight", Of(DType::kF8E4M3, {0, 4})}}), HasSubstr("want matrices"));
  EXPECT_THAT(MessageAbout({{"a.weight_packed", Of(DType::kU8, {8, 8})}}),
              HasSubstr("'a.weight_scale' is missing"));
  EXPECT_THAT(MessageAbout({{"a_blocks", Of(DType::kU8, {2, 8, 4})}}),
              HasSubstr("want [experts, rows, blocks, 16], got [2, 8, 4]"));
  EXPECT_THAT(MessageAbout({{"a.weight_packed", Of(DType::kU8, {8, 8})},
                            {"a.weight_scale", Of(DType::kF8E4M3, {8, 1})},
                            {"a.weight_global_scale", Of(DType::kF32, {1})}}),
              HasSubstr("want a finite scale other than 0"));
  EXPECT_THAT(MessageAbout({{"a.weight", weight},
                            {"a", Of(DType::kF32, {1})},
                            {"a.weight_packed", Of(DType::kU8, {300, 130})},
                            {"a.weight_scale", Of(DType::kF32, {1})}}),
              HasSubstr("both stand for 'a.weight'"));
}

}  // namespace
}  // namespace hlwq::checkpoint
