#include "eval/ablation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/label_placer.h"
#include "eval/markup.h"
#include "tests/eval/sample_ablation.h"

namespace hlwq::eval {
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

TEST(LabelPlacer, LabelsOfPointsFarApartStandBesideThem) {
  LabelPlacer placer({0, 0, 1000, 500});
  const LabelPlacer::Label first = placer.Place(100, 100, "one"),
                           second = placer.Place(500, 400, "two");
  EXPECT_GT(first.left, 100);
  EXPECT_LT(first.left, 115);
  EXPECT_FALSE(first.has_leader);
  EXPECT_FALSE(second.has_leader);
}

TEST(LabelPlacer, LabelsDoNotCoverEachOther) {
  LabelPlacer placer({0, 0, 1000, 500});
  std::vector<LabelPlacer::Box> boxes;
  for (int i = 0; i < 6; ++i) {
    const LabelPlacer::Label label = placer.Place(500, 250, "some label");
    boxes.push_back({label.left, label.baseline - 11, label.left + 60, label.baseline + 4});
  }
  for (size_t a = 0; a < boxes.size(); ++a) {
    for (size_t b = 0; b < a; ++b) EXPECT_EQ(boxes[a].Overlap(boxes[b]), 0) << a << " " << b;
  }
}

TEST(LabelPlacer, LabelsStayInsideTheFrame) {
  LabelPlacer placer({0, 0, 200, 100});
  const LabelPlacer::Label label = placer.Place(195, 50, "a label");
  EXPECT_LT(label.left, 195 - 40);
}

}  // namespace
}  // namespace hlwq::eval
