#include "study/report/draw_throughput.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number_text.h"
#include "report/drawings/plot.h"
#include "report/markup.h"
#include "study/report/logged_run.h"
#include "study/report/study_style.h"

namespace hlwq::study {
namespace {

constexpr double kRow = 38, kBar = 20;

}  // namespace

std::string DrawThroughput(const std::vector<ArmThroughput>& arms) {
  double most = 0;
  for (const ArmThroughput& arm : arms) {
    for (const double value : arm.tokens_per_second) most = std::max(most, value);
  }
  if (most <= 0) return "";
  const double base = 10 + kRow * static_cast<double>(arms.size());
  const report::Plot plot = {
      .width = 1120, .height = base + 44, .left = 150, .right = 90, .top = 10, .base = base};
  const report::Axis x = plot.Horizontal(0, most * 1.02);
  report::Markup svg;
  plot.OpenWide(svg, "Tokens a second in training");
  for (const double tick : x.Ticks(8)) {
    plot.Tick(svg, x.At(tick), FormatCount(static_cast<uint64_t>(tick)));
  }
  plot.HorizontalAxis(svg);
  for (size_t row = 0; row < arms.size(); ++row) {
    const double median = MedianOf(arms[row].tokens_per_second),
                 top = 10 + kRow * static_cast<double>(row) + 8;
    svg.Open("g", {{"class", ArmClass(arms[row].arm)}});
    svg.Leaf("text", {{"class", "of-arm end"}, {"x", plot.left - 12}, {"y", top + kBar / 2 + 4}},
             arms[row].name);
    svg.Empty("rect", {{"class", "bar-of-arm"},
                       {"x", plot.left},
                       {"y", top},
                       {"width", std::max(x.At(median) - plot.left, 0.5)},
                       {"height", kBar}});
    for (const double value : arms[row].tokens_per_second) {
      svg.Empty("circle",
                {{"class", "mark"}, {"cx", x.At(value)}, {"cy", top + kBar / 2}, {"r", 3}});
    }
    svg.Close();
    double right = median;
    for (const double value : arms[row].tokens_per_second) right = std::max(right, value);
    svg.Leaf("text", {{"class", "number"}, {"x", x.At(right) + 10}, {"y", top + kBar / 2 + 4}},
             FormatCount(static_cast<uint64_t>(median)));
  }
  plot.Caption(svg, "tokens a second in training →");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::study
