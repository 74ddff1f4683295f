#include "runtime/experts/expert_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/page_memory.h"
#include "tests/runtime/experts/fake_experts.h"

namespace hlwq::runtime {
namespace {

TEST(ExpertLayout, WhatItsReadsBringIsTheExpert) {
  const test::FakeExperts fake(3, 5);
  const ExpertLayout layout(fake.experts(), fake.range_of());
  EXPECT_EQ(layout.layers(), 3u);
  EXPECT_EQ(layout.max_experts(), 5u);
  EXPECT_EQ(layout.total_experts(), 15u);
  EXPECT_EQ(layout.slot_bytes() % kDirectAlignment, 0u);
  const PageMemory slot(layout.slot_bytes());
  std::vector<io::FileStretch> stretches;
  for (uint32_t layer = 0; layer < 3; ++layer) {
    for (uint32_t expert = 0; expert < 5; ++expert) {
      layout.ReadsOf({layer, expert}, slot.bytes(), stretches);
      uint64_t bytes = 0;
      for (const io::FileStretch& stretch : stretches) {
        const size_t lead = io::FileStretch::LeadOf(stretch.offset);
        fake.files()[stretch.file].ReadAt(stretch.offset,
                                          stretch.room.subspan(lead, stretch.bytes));
        bytes += stretch.bytes;
      }
      EXPECT_EQ(layout.ReadBytes({layer, expert}), bytes);
      EXPECT_TRUE(test::FakeExperts::IsCopy(layout.In({layer, expert}, slot.bytes()),
                                            fake.experts()[layer][expert]));
    }
  }
}

// Three dense matrices of one file of `size` bytes, each 1000 long.
std::vector<io::FileStretch> ReadsOfMatricesAt(const std::vector<size_t>& offsets) {
  static const std::vector<std::byte> file(1 << 20);
  const auto at = [&](size_t matrix) {
    return kernels::DenseMatrix{.data = std::span(file).subspan(offsets[matrix], 1000)};
  };
  const std::vector<std::vector<model::ExpertMatrices>> layers = {
      {{.gate = at(0), .up = at(1), .down = at(2)}}};
  const auto range_of = [](std::span<const std::byte> bytes) {
    return checkpoint::FileRange{0, static_cast<uint64_t>(bytes.data() - file.data()),
                                 bytes.size()};
  };
  const ExpertLayout layout(layers, range_of);
  static const PageMemory slot(1 << 20);
  std::vector<io::FileStretch> stretches;
  layout.ReadsOf({0, 0}, slot.bytes().first(layout.slot_bytes()), stretches);
  return stretches;
}

TEST(ExpertLayout, NeighboursInTheFileAreOneReadInAnyOrder) {
  for (const std::vector<size_t>& offsets :
       {std::vector<size_t>{7000, 8000, 9000}, std::vector<size_t>{9000, 7000, 8000}}) {
    const auto reads = ReadsOfMatricesAt(offsets);
    ASSERT_EQ(reads.size(), 1u);
    EXPECT_EQ(reads[0].offset, 7000u);
    EXPECT_EQ(reads[0].bytes, 3000u);
  }
}

TEST(ExpertLayout, AGapIsReadAlongUpToItsLimit) {
  const size_t gap = ExpertLayout::kMaxGapBytes;
  const auto reads = ReadsOfMatricesAt({0, 1000 + gap - 1, 2000 + 2 * gap - 1});
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[0].bytes, 2000 + gap - 1);
  EXPECT_EQ(reads[1].offset, 2000 + 2 * gap - 1);
  EXPECT_EQ(reads[1].bytes, 1000u);
  // Their rooms follow each other.
  EXPECT_EQ(reads[0].room.data() + reads[0].room.size(), reads[1].room.data());
}

TEST(ExpertLayout, BytesThatAreInNoFileAreRefused) {
  const test::FakeExperts fake(1, 1);
  const auto nowhere = [](std::span<const std::byte>) -> std::optional<checkpoint::FileRange> {
    return std::nullopt;
  };
  try {
    const ExpertLayout layout(fake.experts(), nowhere);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
}

}  // namespace
}  // namespace hlwq::runtime
