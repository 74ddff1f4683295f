#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/number_text.h"
#include "report/drawings/gaussian.h"
#include "report/drawings/plot.h"
#include "report/drawings/tensor_drawings.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr Plot kPlot = {
    .width = 520, .height = 362, .left = 44, .right = 10, .top = 14, .base = 322, .gap = 6};

}  // namespace

std::string DrawCodeUse(const codec::ErrorStats& stats, std::span<const float> levels) {
  // Without a table what was counted tells its size.
  size_t used = stats.code_use.size();
  while (used > 0 && stats.code_use[used - 1] == 0) --used;
  if (used == 0) return "";
  const bool is_table = levels.size() >= used && levels.size() <= stats.code_use.size();
  const size_t codes = is_table ? levels.size() : std::bit_ceil(used);
  const auto use = std::span(stats.code_use).first(codes);
  const auto total = static_cast<double>(std::accumulate(use.begin(), use.end(), uint64_t{0}));
  std::vector<double> expected;
  if (is_table) expected = CellProbabilities(levels);
  double highest = static_cast<double>(*std::ranges::max_element(use)) / total;
  for (const double share : expected) highest = std::max(highest, share);

  const Axis x = kPlot.Horizontal(0, static_cast<double>(codes));
  const Axis y = kPlot.Vertical(0, 105 * highest);  // in percent
  const double step = (x.end - x.start) / static_cast<double>(codes);
  const double gap = std::min(0.25 * step, 3.0);

  Markup svg;
  kPlot.OpenHalf(svg, "Use of each level against the Gaussian cell probability");
  for (const double tick : y.Ticks(5)) {
    kPlot.GridLine(svg, y.At(tick), fmt::format("{:g} %", tick));
  }
  std::string steps;
  for (size_t code = 0; code < codes; ++code) {
    const double share = static_cast<double>(use[code]) / total;
    const double left = x.At(static_cast<double>(code));
    std::string hover = fmt::format("level {}: {:.3f} %", code, 100 * share);
    if (!expected.empty()) {
      hover = fmt::format("level {} at {:.4f}: {:.3f} %, N(0,1) {:.3f} %", code, levels[code],
                          100 * share, 100 * expected[code]);
      const std::string height = FormatCoordinate(y.At(100 * expected[code]));
      steps += fmt::format("{}{} {}H{}", code == 0 ? "M" : "L", FormatCoordinate(left), height,
                           FormatCoordinate(left + step));
    }
    svg.Open("g").Leaf("title", {}, hover);
    svg.Empty("rect", {{"class", "bar"},
                       {"x", left + gap / 2},
                       {"y", y.At(100 * share)},
                       {"width", step - gap},
                       {"height", kPlot.base - y.At(100 * share)}});
    svg.Empty("rect", {{"class", "hover"},
                       {"x", left},
                       {"y", kPlot.top},
                       {"width", step},
                       {"height", kPlot.base - kPlot.top}});
    svg.Close();
  }
  if (!steps.empty()) svg.Empty("path", {{"class", "curve"}, {"d", steps}});
  kPlot.HorizontalAxis(svg);
  const size_t stride = std::max<size_t>(codes / 8, 1);
  for (size_t code = 0; code < codes; code += stride) {
    svg.Leaf("text",
             {{"class", "label middle"},
              {"x", x.At(static_cast<double>(code) + 0.5)},
              {"y", kPlot.base + 17}},
             fmt::format("{}", code));
  }
  kPlot.Caption(svg, "level, ascending →");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
