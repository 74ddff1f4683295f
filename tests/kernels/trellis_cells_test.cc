#include "kernels/trellis_cells.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace hlwq::kernels {
namespace {

class TrellisCellsOf : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisCellsOf, testing::Range(2, 7));

TEST_P(TrellisCellsOf, NamedTablesHaveCellsThatGiveTheNearestLevels) {
  const codec::TrellisTable table(codec::TrellisLevels(codec::kTableTrellisGauss, GetParam()),
                                  GetParam());
  const auto cells = MakeTrellisCells(table);
  ASSERT_TRUE(cells.has_value());
  for (int z = 0; z <= table.most_z(); ++z) {
    const auto cell = static_cast<size_t>(z >> cells->cell_shift);
    ASSERT_LT(cell, TrellisCells::kCells);
    for (size_t subset = 0; subset < codec::kTrellisSubsets; ++subset) {
      const auto& levels = cells->subsets[subset];
      const bool is_high = std::abs(z - levels.high[cell]) < std::abs(z - levels.low[cell]);
      const int number = is_high ? levels.high_number[cell] : levels.low_number[cell];
      EXPECT_EQ(number, table.NearestTo(z).level[subset]) << z;
    }
  }
}

TEST(TrellisCells, CrowdedLevelsHaveNone) {
  // All but the last are one apart: a cell holds many levels of a subset.
  std::vector<float> levels;
  for (int k = 1; k <= 64; ++k) levels.push_back(k == 64 ? 4095 : static_cast<float>(k));
  std::vector<float> all;
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) all.push_back(-*level);
  all.insert(all.end(), levels.begin(), levels.end());
  EXPECT_FALSE(MakeTrellisCells(codec::TrellisTable(all, 6)).has_value());
}

}  // namespace
}  // namespace hlwq::kernels
