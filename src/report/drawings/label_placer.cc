#include "report/drawings/label_placer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/utf8.h"

namespace hlwq::report {
namespace {

constexpr double kCharacter = 6.9;  // of 13 px text, a little generous
constexpr double kHeight = 15;
constexpr double kGap = 9;  // between the point and a label beside it
constexpr double kDistances[] = {0, 12, 24, 38, 54, 72};
constexpr double kDegrees[] = {0, 180, 35, 145, -35, -145, 90, -90, 65, 115, -65, -115};

double WidthOf(std::string_view text) {
  return kCharacter * static_cast<double>(CountCharacters(text));
}

}  // namespace

double LabelPlacer::Box::Overlap(const Box& other) const noexcept {
  const double width = std::min(right, other.right) - std::max(left, other.left);
  const double height = std::min(bottom, other.bottom) - std::max(top, other.top);
  return width > 0 && height > 0 ? width * height : 0;
}

double LabelPlacer::Cost(const Box& box, double distance) const noexcept {
  double cost = distance / 4 + 10 * (box.Area() - box.Overlap(frame_));
  for (const Box& other : taken_) cost += box.Overlap(other);
  return cost;
}

LabelPlacer::Label LabelPlacer::Place(double x, double y, std::string_view text) {
  const double width = WidthOf(text);
  Box best;
  double least = std::numeric_limits<double>::infinity(), best_distance = 0;
  for (const double distance : kDistances) {
    for (const double degrees : kDegrees) {
      const double angle = degrees * std::numbers::pi / 180;
      const double cosine = std::cos(angle), sine = std::sin(angle);
      // The nearest edge of the label is so far from the point, in this direction.
      const double middle_x =
          x + (kGap + distance) * cosine + width / 2 * std::clamp(2 * cosine, -1.0, 1.0);
      const double middle_y = y - (kGap + distance) * sine - kHeight / 2 * sine;
      const Box box = {middle_x - width / 2, middle_y - kHeight / 2, middle_x + width / 2,
                       middle_y + kHeight / 2};
      const double cost = Cost(box, distance);
      if (cost >= least) continue;
      least = cost;
      best = box;
      best_distance = distance;
    }
  }
  taken_.push_back(best);
  return {.left = best.left,
          .baseline = best.bottom - 4,
          .has_leader = best_distance > 0,
          .leader_x = std::clamp(x, best.left, best.right),
          .leader_y = std::clamp(y, best.top, best.bottom)};
}

void LabelPlacer::Draw(Markup& svg, double x, double y, std::string_view text,
                       std::string_view text_class) {
  const Label label = Place(x, y, text);
  if (label.has_leader) {
    svg.Empty("line", {{"class", "tick fine"},
                       {"x1", x},
                       {"y1", y},
                       {"x2", label.leader_x},
                       {"y2", label.leader_y}});
  }
  svg.Leaf("text", {{"class", std::string(text_class)}, {"x", label.left}, {"y", label.baseline}},
           text);
}

}  // namespace hlwq::report
