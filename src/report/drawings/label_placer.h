// Puts labels beside points so that they cover each other and the points as little as can be.
#pragma once

#include <string_view>
#include <vector>

#include "report/markup.h"

namespace hlwq::report {

class LabelPlacer {
 public:
  struct Box {
    double left = 0, top = 0, right = 0, bottom = 0;

    double Overlap(const Box& other) const noexcept;
    double Area() const noexcept { return (right - left) * (bottom - top); }
  };
  struct Label {
    double left = 0, baseline = 0;
    // Where a line from the point ends, for a label that is not beside it.
    bool has_leader = false;
    double leader_x = 0, leader_y = 0;
  };

  // Labels stay inside the frame.
  explicit LabelPlacer(const Box& frame) : frame_(frame) {}

  // Nothing is put there.
  void KeepOff(const Box& box) { taken_.push_back(box); }
  // The nearest place where the label covers nothing, or as little as possible. Takes it.
  Label Place(double x, double y, std::string_view text);
  // The same, drawn: as text of this class, and a line to the point where it is not beside it.
  void Draw(Markup& svg, double x, double y, std::string_view text, std::string_view text_class);

 private:
  Box frame_;
  std::vector<Box> taken_;

  double Cost(const Box& box, double distance) const noexcept;
};

}  // namespace hlwq::report
