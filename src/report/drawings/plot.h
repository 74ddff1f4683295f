// What the drawings with axes share: their margins, grid lines, ticks and words.
#pragma once

#include <string_view>

#include "report/drawings/axis.h"
#include "report/markup.h"

namespace hlwq::report {

// Coordinates of an SVG drawing, y downwards. Labels of y stand left of the plot, labels of x below.
struct Plot {
  double width = 0, height = 0;  // of the drawing
  double left = 0, right = 0;    // margins beside the plot
  double top = 0, base = 0;      // where the plot begins, and where its horizontal axis lies
  double gap = 8;                // between words and what they stand beside

  constexpr double end() const noexcept { return width - right; }
  Axis Horizontal(double low, double high) const noexcept { return {low, high, left, end()}; }
  Axis Vertical(double low, double high) const noexcept { return {low, high, base, top}; }

  // The <svg> element, left open; `name` for those who do not see it. Half as wide as a page, or as
  // wide as one.
  void OpenHalf(Markup& svg, std::string_view name) const;
  void OpenWide(Markup& svg, std::string_view name) const;
  // A line across the plot; `style` is a class of page_style.cc.
  void Across(Markup& svg, std::string_view style, double y) const;
  // One with a label.
  void GridLine(Markup& svg, double y, std::string_view label) const;
  // A tick below the horizontal axis.
  void Tick(Markup& svg, double x, std::string_view label) const;
  void HorizontalAxis(Markup& svg) const { Across(svg, "axis", base); }
  // What the axes mean, at the lower edge.
  void Caption(Markup& svg, std::string_view text) const;
};

}  // namespace hlwq::report
