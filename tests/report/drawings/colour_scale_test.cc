#include "report/drawings/colour_scale.h"

#include <gtest/gtest.h>

namespace hlwq::report {
namespace {

TEST(ColourScale, OklchOfKnownColours) {
  EXPECT_EQ(FromOklch(1, 0, 0).Hex(), "#ffffff");
  EXPECT_EQ(FromOklch(0, 0, 0).Hex(), "#000000");
  EXPECT_EQ(FromOklch(0.62796, 0.25768, 29.234).Hex(), "#ff0000");  // the sRGB red
}

TEST(ColourScale, LuminanceRisesAllTheWay) {
  double before = -1;
  for (int step = 0; step <= 100; ++step) {
    const double luminance = SequentialColour(step / 100.0).Luminance();
    EXPECT_GT(luminance, before) << step;
    before = luminance;
  }
}

// Contrast ratios of WCAG 2: cells must stand out from both papers.
TEST(ColourScale, EndsStandOutFromBothPapers) {
  constexpr double kWhitePaper = 0.98;
  constexpr double kBlackPaper = 0.009;
  EXPECT_GT((kWhitePaper + 0.05) / (SequentialColour(1).Luminance() + 0.05), 1.25);
  EXPECT_GT((SequentialColour(0).Luminance() + 0.05) / (kBlackPaper + 0.05), 1.25);
}

TEST(ColourScale, OutsideIsTheNearerEnd) {
  EXPECT_EQ(SequentialColour(-3).Hex(), SequentialColour(0).Hex());
  EXPECT_EQ(SequentialColour(7).Hex(), SequentialColour(1).Hex());
}

}  // namespace
}  // namespace hlwq::report
