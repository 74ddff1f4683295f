#include "report/drawings/gaussian.h"

#include <gtest/gtest.h>

#include "tests/report/synthetic_reports.h"

namespace hlwq::report {
namespace {

TEST(Gaussian, CellsOfAnyLevelsSumToOne) {
  for (int bits = 1; bits <= 8; ++bits) {
    double sum = 0;
    for (const double cell : CellProbabilities(test::OptimalLevels(bits))) sum += cell;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(Gaussian, SphereDensityHasUnitMassAndVariance) {
  double mass = 0;
  double variance = 0;
  constexpr double kStep = 1e-3;
  for (double z = -12; z < 12; z += kStep) {
    mass += SphereDensity(z, 128) * kStep;
    variance += z * z * SphereDensity(z, 128) * kStep;
  }
  EXPECT_NEAR(mass, 1, 1e-6);
  EXPECT_NEAR(variance, 1, 1e-6);
  EXPECT_LT(SphereDensity(4, 128), GaussianDensity(4));
}

}  // namespace
}  // namespace hlwq::report
