#include "report/drawings/label_placer.h"

#include <gtest/gtest.h>

#include <vector>

namespace hlwq::report {
namespace {

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
}  // namespace hlwq::report
