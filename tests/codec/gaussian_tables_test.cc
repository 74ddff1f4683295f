#include "codec/gaussian_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/error.h"

namespace hlwq::codec {
namespace {

// The true optimum for N(0,1), to the digits of the literature.
constexpr std::array<double, 9> kOptimalMse = {0,           0.363380,    0.117482,
                                               0.0345478,   0.00950101,  0.00250467,
                                               0.000644240, 0.000163478, 0.0000411851};

class TableEveryWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TableEveryWidth, testing::Range(1, 9));

TEST_P(TableEveryWidth, LloydMaxHasTheOptimalError) {
  const double mse = GaussianMse(ComputeGaussianLevels(kTableLloydMax, GetParam()));
  const double want = kOptimalMse[static_cast<size_t>(GetParam())];
  EXPECT_NEAR(mse / want, 1.0, 2e-6);
}

TEST_P(TableEveryWidth, LloydMaxIsAFixedPoint) {
  // Each level is the mean of its cell: moving any of them by h changes the error by O(h^2) only.
  std::vector<double> levels = ComputeGaussianLevels(kTableLloydMax, GetParam());
  const double least = GaussianMse(levels);
  for (double& level : levels) {
    const double kept = level;
    for (const double step : {-1e-4, 1e-4}) {
      level = kept + step;
      EXPECT_GT(GaussianMse(levels), least - 1e-15);
    }
    level = kept;
  }
}

TEST_P(TableEveryWidth, LloydMaxIsAntisymmetricAndAscending) {
  const auto levels = GaussianLevels(kTableLloydMax, GetParam());
  ASSERT_EQ(levels.size(), size_t{1} << GetParam());
  for (size_t k = 0; k < levels.size(); ++k) {
    EXPECT_EQ(levels[k], -levels[levels.size() - 1 - k]);
    if (k > 0) {
      EXPECT_GT(levels[k], levels[k - 1]);
    }
  }
}

TEST_P(TableEveryWidth, RoundingToFloatIsFarFromATie) {
  // So that no libm's last digits can change a stored level: the files are the same everywhere.
  for (const double level : ComputeGaussianLevels(kTableLloydMax, GetParam())) {
    const auto rounded = static_cast<float>(level);
    const double up = (double{rounded} + std::nextafter(rounded, 10.0f)) / 2;
    const double down = (double{rounded} + std::nextafter(rounded, -10.0f)) / 2;
    EXPECT_GT(std::min(std::abs(level - up), std::abs(level - down)), 1e-12);
  }
}

TEST(GaussianTables, LargestLevelsAreTheKnownOnes) {
  const std::array<double, 5> want = {2.73259, 3.260732, 3.744101, 4.189694, 4.603536};
  for (int bits = 4; bits <= 8; ++bits) {
    EXPECT_NEAR(ComputeGaussianLevels(kTableLloydMax, bits).back(),
                want[static_cast<size_t>(bits - 4)], 5e-6);
  }
}

TEST(GaussianTables, PublishedTablesLeaveTheKnownExcessError) {
  // 100 rounds from a uniform start are not converged: 16 % at 5 bits, 63 % at 6, about 2x at 8.
  for (const auto table : {kTablePolarQuantV1, kTablePolarQuantV1Inf}) {
    const auto excess = [&](int bits) {
      return GaussianMse(ComputeGaussianLevels(table, bits)) /
             kOptimalMse[static_cast<size_t>(bits)];
    };
    EXPECT_NEAR(excess(5), 1.16, 0.01) << table;
    EXPECT_NEAR(excess(6), 1.63, 0.03) << table;
    EXPECT_NEAR(excess(8), 2.05, 0.15) << table;
  }
}

TEST(GaussianTables, UnknownNamesAndWidthsAreRefused) {
  EXPECT_THAT([] { GaussianLevels("uniform", 4); },
              testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kUnsupported)));
  for (const int bits : {0, 9, -1}) {
    EXPECT_THAT(
        [bits] { GaussianLevels(kTableLloydMax, bits); },
        testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kInvalidArgument)));
  }
}

}  // namespace
}  // namespace hlwq::codec
