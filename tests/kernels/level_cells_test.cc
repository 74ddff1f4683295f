#include "kernels/level_cells.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "codec/gaussian_tables.h"

namespace hlwq::kernels {
namespace {

// The scalar form of what the kernels do with the cells.
int CodeByCells(const LevelCells& cells, float value) {
  const float wanted = cells.by_magnitude ? std::abs(value) : value;
  const float z = std::fmax(std::fmin(wanted, cells.high), cells.low);
  const auto cell = std::bit_cast<uint32_t>(z + cells.magic) & (cells.cell_count - 1);
  const int number = cells.bases[cell] + (z > cells.thresholds[cell] ? 1 : 0);
  if (!cells.by_magnitude) return number;
  const int half = static_cast<int>(cells.level_count);
  return value > 0 ? half + number : half - 1 - number;
}

void ExpectSameCodes(const codec::LevelTable& table, bool by_magnitude) {
  const auto cells = MakeLevelCells(table, by_magnitude);
  ASSERT_TRUE(cells.has_value());
  std::vector<float> values = {0.0f, -0.0f, 1e-40f, -1e-40f, 1e30f, -1e30f, INFINITY, -INFINITY};
  for (const float t : table.thresholds()) {
    for (const float near : {t, std::nextafter(t, 100.0f), std::nextafter(t, -100.0f)}) {
      values.push_back(near);
      values.push_back(-near);
    }
  }
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 2);
  for (int i = 0; i < 20000; ++i) values.push_back(normal(random));
  for (const float value : values)
    ASSERT_EQ(CodeByCells(*cells, value), table.Code(value)) << value;
}

TEST(LevelCells, GiveTheCodesOfTheReference) {
  for (const auto name :
       {codec::kTableLloydMax, codec::kTablePolarQuantV1, codec::kTablePolarQuantV1Inf}) {
    for (int bits = 1; bits <= 8; ++bits) {
      const codec::LevelTable table(codec::GaussianLevels(name, bits));
      ExpectSameCodes(table, false);
      if (table.is_antisymmetric()) ExpectSameCodes(table, true);
    }
  }
  ExpectSameCodes(codec::LevelTable(std::vector<float>{-14, -0.5f, 0.25f, 9}), false);
}

TEST(LevelCells, DefaultTablesFitRegisters) {
  // 16, 32 and 64 cells are looked up by permutes (cpu/encode_blocks.cc).
  for (const auto& [bits, most] : {std::pair{4, 16u}, {5, 32u}, {6, 64u}}) {
    const codec::LevelTable table(codec::GaussianLevels(codec::kTableLloydMax, bits));
    EXPECT_LE(MakeLevelCells(table, true)->cell_count, most) << bits;
  }
}

TEST(LevelCells, LevelsTooCloseHaveNone) {
  EXPECT_FALSE(MakeLevelCells(codec::LevelTable(std::vector<float>{0, 1, 1, 1}), false));
  EXPECT_FALSE(MakeLevelCells(codec::LevelTable(std::vector<float>{0, 1e-3f, 2e-3f, 14}), false));
}

}  // namespace
}  // namespace hlwq::kernels
