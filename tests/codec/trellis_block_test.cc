#include "codec/trellis_block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "base/error.h"

namespace hlwq::codec {
namespace {

TEST(TrellisSubsets, FollowTheFormatsCheckValue) {
  uint64_t path = 0;
  const std::array<int, 8> bits = {1, 0, 1, 1, 0, 0, 1, 0};
  for (size_t t = 0; t < bits.size(); ++t) path |= static_cast<uint64_t>(bits[t]) << t;
  const TrellisSubsets subsets = SubsetsOf(path);
  const std::array<uint64_t, 8> want = {2, 2, 3, 2, 3, 3, 0, 2};
  for (size_t t = 0; t < want.size(); ++t) {
    EXPECT_EQ(2 * (subsets.high >> t & 1) + (subsets.low >> t & 1), want[t]) << t;
  }
}

class TrellisWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisWidth, testing::Range(2, 7));

TEST_P(TrellisWidth, PackedLevelsUnpack) {
  std::mt19937_64 random(1);
  const std::array<uint64_t, kGroupsPerBlock> paths = {random(), random()};
  std::array<uint8_t, kBlockSize> levels, unpacked;
  for (size_t i = 0; i < kBlockSize; ++i) {
    const TrellisSubsets subsets = SubsetsOf(paths[i / kGroupSize]);
    const size_t t = i % kGroupSize;
    const uint64_t subset = 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1);
    const uint64_t index = random() % (uint64_t{1} << (GetParam() - 1));
    levels[i] = static_cast<uint8_t>(4 * index + subset);
  }
  std::vector<std::byte> block(TrellisBlockBytes(GetParam()));
  PackTrellisBlock(paths, levels, GetParam(), block);
  UnpackTrellisBlock(block, GetParam(), unpacked);
  EXPECT_EQ(levels, unpacked);
}

TEST_P(TrellisWidth, AnyBytesAreLevels) {
  std::mt19937_64 random(2);
  std::vector<std::byte> block(TrellisBlockBytes(GetParam()));
  for (std::byte& byte : block) byte = static_cast<std::byte>(random());
  std::array<uint8_t, kBlockSize> levels;
  UnpackTrellisBlock(block, GetParam(), levels);
  for (const uint8_t level : levels) EXPECT_LT(level, 2 << GetParam());
}

TEST_P(TrellisWidth, LevelsOfOtherShapesAreRefused) {
  const auto good = TrellisLevels(kTableTrellisGauss, GetParam());
  EXPECT_NO_THROW(TrellisTable(good, GetParam()));
  const auto expect_refused = [](std::vector<float> levels, int bits) {
    EXPECT_THROW(TrellisTable(levels, bits), Error);
  };
  expect_refused(good, GetParam() + 1);
  expect_refused({}, GetParam());
  auto levels = good;
  levels.front() -= 0.5f;
  levels.back() += 0.5f;
  expect_refused(levels, GetParam());  // no integers
  levels = good;
  levels.back() += 1;
  expect_refused(levels, GetParam());  // not symmetric
  levels = good;
  std::swap(levels[0], levels[1]);
  std::swap(levels[levels.size() - 1], levels[levels.size() - 2]);
  expect_refused(levels, GetParam());  // not ascending
  levels = good;
  levels.front() = -4096;
  levels.back() = 4096;
  expect_refused(levels, GetParam());  // too large
  levels.front() = -INFINITY;
  levels.back() = INFINITY;
  expect_refused(levels, GetParam());
  levels.front() = levels.back() = NAN;
  expect_refused(levels, GetParam());
}

TEST_P(TrellisWidth, NearestLevelsAreNearest) {
  const TrellisTable table(TrellisLevels(kTableTrellisGauss, GetParam()), GetParam());
  for (int z = 0; z <= table.most_z(); ++z) {
    for (size_t subset = 0; subset < kTrellisSubsets; ++subset) {
      const auto& nearest = table.NearestTo(z);
      const int level = nearest.level[subset];
      EXPECT_EQ(static_cast<size_t>(level) % kTrellisSubsets, subset);
      const int distance = std::abs(z - table.grid()[static_cast<size_t>(level)]);
      for (size_t i = subset; i < table.grid().size(); i += kTrellisSubsets) {
        EXPECT_LE(distance, std::abs(z - table.grid()[i]));
      }
      const int counted = std::min(distance, TrellisTable::kMostDistance);
      EXPECT_EQ(nearest.distance[subset], counted * counted);
    }
  }
}

}  // namespace
}  // namespace hlwq::codec
