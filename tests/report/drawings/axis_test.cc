#include "report/drawings/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

namespace hlwq::report {
namespace {

TEST(Axis, TicksAreFewRoundAndInside) {
  for (const auto& [low, high] : {std::pair{0.0, 1.0}, {26.5, 27.5}, {-3.0, 41.0}, {0.0, 1e6}}) {
    const Axis axis{low, high, 0, 100};
    const std::vector<double> ticks = axis.Ticks(5);
    ASSERT_GE(ticks.size(), 2u);
    EXPECT_LE(ticks.size(), 6u);
    EXPECT_GE(ticks.front(), low - 1e-9);
    EXPECT_LE(ticks.back(), high + 1e-9);
    for (const double tick : ticks) EXPECT_FALSE(tick == 0 && std::signbit(tick));
  }
}

}  // namespace
}  // namespace hlwq::report
