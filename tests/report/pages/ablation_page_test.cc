#include "report/pages/ablation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/drawings/draw_ablation.h"
#include "report/markup.h"
#include "tests/report/sample_ablation.h"

namespace hlwq::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(AblationPage, IsTheSameForEqualInputAndEscapesNames) {
  const std::string page = test::SampleAblationPage();
  EXPECT_EQ(page, test::SampleAblationPage());
  EXPECT_THAT(page, HasSubstr("model &lt;small&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<small>")));
}

TEST(AblationPage, TellsWhichDifferencesAreReal) {
  const std::string page = test::SampleAblationPage();
  EXPECT_THAT(page, HasSubstr("<td>real</td>"));
  EXPECT_THAT(page, HasSubstr("<td>not resolved</td>"));
}

TEST(AblationPage, NamesEveryMethodInTheDrawing) {
  const Ablation ablation = test::SampleAblation();
  const std::string drawing = DrawAblation(ablation);
  for (const AblationRow& row : ablation.rows)
    EXPECT_THAT(drawing, HasSubstr(EscapeMarkup(row.label)));
}

TEST(AblationPage, DrawsNothingWhereNothingDiverges) {
  Ablation ablation = test::SampleAblation();
  for (AblationRow& row : ablation.rows) row.kl = {0, 0, 0};
  EXPECT_EQ(DrawAblation(ablation), "");
}

}  // namespace
}  // namespace hlwq::report
