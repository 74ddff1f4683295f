#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/number_text.h"
#include "eval/axis.h"
#include "eval/drawings.h"
#include "eval/gaussian.h"
#include "eval/markup.h"

namespace hlwq::eval {
namespace {

constexpr double kWidth = 520;
constexpr double kLeft = 44;
constexpr double kRight = 10;
constexpr double kTop = 14;
constexpr double kBase = 322;
constexpr double kHeight = 362;

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

  const Axis x{0, static_cast<double>(codes), kLeft, kWidth - kRight};
  const Axis y{0, 105 * highest, kBase, kTop};  // in percent
  const double step = (x.end - x.start) / static_cast<double>(codes);
  const double gap = std::min(0.25 * step, 3.0);

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                   {"role", "img"},
                   {"aria-label", "Use of each level against the Gaussian cell probability"}});
  for (const double tick : y.Ticks(5)) {
    svg.Empty("line", {{"class", "grid"},
                       {"x1", x.start},
                       {"x2", x.end},
                       {"y1", y.At(tick)},
                       {"y2", y.At(tick)}});
    svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 6}, {"y", y.At(tick) + 4}},
             fmt::format("{:g} %", tick));
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
                       {"height", kBase - y.At(100 * share)}});
    svg.Empty(
        "rect",
        {{"class", "hover"}, {"x", left}, {"y", kTop}, {"width", step}, {"height", kBase - kTop}});
    svg.Close();
  }
  if (!steps.empty()) svg.Empty("path", {{"class", "curve"}, {"d", steps}});
  svg.Empty("line",
            {{"class", "axis"}, {"x1", x.start}, {"x2", x.end}, {"y1", kBase}, {"y2", kBase}});
  const size_t stride = std::max<size_t>(codes / 8, 1);
  for (size_t code = 0; code < codes; code += stride) {
    svg.Leaf("text",
             {{"class", "label middle"},
              {"x", x.At(static_cast<double>(code) + 0.5)},
              {"y", kBase + 17}},
             fmt::format("{}", code));
  }
  svg.Leaf("text", {{"class", "label"}, {"x", kLeft}, {"y", kHeight - 6}}, "level, ascending →");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::eval
