#include "convert/safetensors_layout.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "io/safetensors.h"

namespace hlwq::convert {
namespace {

std::vector<OutputTensor> Mixed() {
  return {
      {"odd", DType::kU8, {3}, 3, 0, false},        {"norm", DType::kBF16, {5}, 10, 1, false},
      {"w__packed", DType::kU8, {32}, 32, 2, true}, {"w__norms", DType::kF16, {3, 1}, 6, 2, true},
      {"w__meta", DType::kI64, {5}, 40, 2, true},   {"gate", DType::kF32, {1}, 4, 3, false}};
}

TEST(SafetensorsLayout, HeadersParseAndEveryTensorIsAligned) {
  const auto tensors = Mixed();
  const OutputLayout layout = LayOutSafetensors(tensors, 1 << 20);
  ASSERT_EQ(layout.shards().size(), 1u);
  const OutputShard& shard = layout.shards()[0];
  EXPECT_EQ(shard.file_name, "model.safetensors");
  const auto header = io::ParseSafetensorsHeader(std::string_view(shard.header).substr(8),
                                                 shard.file_bytes - shard.header.size());
  EXPECT_EQ(header.entries.size(), tensors.size());
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    const uint64_t element = BitsPerElement(tensors[tensor].dtype) / 8;
    EXPECT_EQ(layout.place(tensor).offset % element, 0u) << tensors[tensor].name;
    const auto& entry =
        *std::find_if(header.entries.begin(), header.entries.end(),
                      [&](const auto& e) { return e.name == tensors[tensor].name; });
    EXPECT_EQ(shard.header.size() + entry.begin, layout.place(tensor).offset);
  }
}

// What an hlwq-t matrix of an odd number of blocks is made of.
std::vector<OutputTensor> TrellisExperts() {
  std::vector<OutputTensor> tensors;
  for (const uint64_t group : {0, 0, 1}) {
    const std::string name = "w" + std::to_string(tensors.size());
    tensors.push_back({name + "__tcodes", DType::kU8, {240}, 240, group, true});
    tensors.push_back({name + "__tscales", DType::kU8, {3, 2}, 6, group, true});
    tensors.push_back({name + "__trows", DType::kBF16, {3}, 6, group, true});
    tensors.push_back({name + "__tmeta", DType::kI64, {5}, 40, group, true});
  }
  return tensors;
}

TEST(SafetensorsLayout, RowPartsOfAGroupAreOneStretch) {
  const auto tensors = TrellisExperts();
  const OutputLayout layout = LayOutSafetensors(tensors, 1 << 20);
  uint64_t code_end = layout.place(0).offset;
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    const uint64_t element = BitsPerElement(tensors[tensor].dtype) / 8;
    EXPECT_EQ(layout.place(tensor).offset % element, 0u) << tensors[tensor].name;
    if (element > 2) continue;
    EXPECT_EQ(layout.place(tensor).offset, code_end) << tensors[tensor].name;
    code_end += tensors[tensor].bytes;
  }
  EXPECT_EQ(code_end, layout.shards()[0].file_bytes);
}

TEST(SafetensorsLayout, GroupsStayTogetherAcrossShards) {
  const auto tensors = Mixed();
  const OutputLayout layout = LayOutSafetensors(tensors, 50);
  EXPECT_GT(layout.shards().size(), 1u);
  EXPECT_EQ(layout.place(2).shard, layout.place(3).shard);
  EXPECT_EQ(layout.place(2).shard, layout.place(4).shard);
  EXPECT_EQ(layout.shards()[0].file_name,
            "model-00001-of-0000" + std::to_string(layout.shards().size()) + ".safetensors");
}

TEST(SafetensorsLayout, TwoTensorsOfOneNameAreRefused) {
  auto tensors = Mixed();
  tensors[1].name = "odd";
  EXPECT_THROW(LayOutSafetensors(tensors, 100), Error);
}

TEST(SafetensorsLayout, NothingGivesOneEmptyShard) {
  const OutputLayout layout = LayOutSafetensors({}, 100);
  ASSERT_EQ(layout.shards().size(), 1u);
  EXPECT_EQ(layout.shards()[0].file_bytes, layout.shards()[0].header.size());
}

}  // namespace
}  // namespace hlwq::convert
