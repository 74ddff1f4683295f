#include "report/drawings/plot.h"

#include <fmt/format.h>

#include <string>

namespace hlwq::report {
namespace {

std::string ViewBox(const Plot& plot) { return fmt::format("0 0 {} {}", plot.width, plot.height); }

}  // namespace

void Plot::OpenHalf(Markup& svg, std::string_view name) const {
  svg.Open("svg",
           {{"viewBox", ViewBox(*this)}, {"role", "img"}, {"aria-label", std::string(name)}});
}

void Plot::OpenWide(Markup& svg, std::string_view name) const {
  svg.Open("svg", {{"viewBox", ViewBox(*this)},
                   {"role", "img"},
                   {"class", "wide"},
                   {"aria-label", std::string(name)}});
}

void Plot::Across(Markup& svg, std::string_view style, double y) const {
  svg.Empty("line",
            {{"class", std::string(style)}, {"x1", left}, {"x2", end()}, {"y1", y}, {"y2", y}});
}

void Plot::GridLine(Markup& svg, double y, std::string_view label) const {
  Across(svg, "grid", y);
  svg.Leaf("text", {{"class", "label end"}, {"x", left - gap}, {"y", y + 4}}, label);
}

void Plot::Tick(Markup& svg, double x, std::string_view label) const {
  svg.Empty("line", {{"class", "tick"}, {"x1", x}, {"x2", x}, {"y1", base}, {"y2", base + 4}});
  svg.Leaf("text", {{"class", "label middle"}, {"x", x}, {"y", base + 17}}, label);
}

void Plot::Caption(Markup& svg, std::string_view text) const {
  svg.Leaf("text", {{"class", "label"}, {"x", left}, {"y", height - gap}}, text);
}

}  // namespace hlwq::report
