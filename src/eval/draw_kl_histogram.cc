#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/number_text.h"
#include "eval/axis.h"
#include "eval/kld_drawings.h"
#include "eval/markup.h"

namespace hlwq::eval {
namespace {

constexpr double kWidth = 1120;
constexpr double kLeft = 56;
constexpr double kRight = 24;
constexpr double kTop = 40;
constexpr double kPlot = 190;
constexpr double kBase = kTop + kPlot;
constexpr int kBinsPerDecade = 12;
constexpr double kSmallestBar = 1.5;  // one token of thousands still shows

std::vector<uint64_t> Count(const KldResult& result, const Decades& decades) {
  std::vector<uint64_t> bins(static_cast<size_t>((decades.high - decades.low) * kBinsPerDecade));
  for (const TokenError& token : result.tokens) {
    const double place = (OnAxis(token.kl, decades) - decades.low) * kBinsPerDecade;
    ++bins[std::min(static_cast<size_t>(place), bins.size() - 1)];
  }
  return bins;
}

// A line at a figure, its name in one of the rows above the plot.
void Mark(Markup& svg, double x, int row, const std::string& text) {
  const double y = kTop - 26 + 13 * row;
  const bool is_right = x > kWidth * 0.8;
  svg.Empty("line", {{"class", "marker"}, {"x1", x}, {"x2", x}, {"y1", y + 3}, {"y2", kBase}});
  svg.Leaf(
      "text",
      {{"class", is_right ? "label end" : "label"}, {"x", x + (is_right ? -5 : 5)}, {"y", y + 6}},
      text);
}

std::string Bound(double power) { return fmt::format("{:.2g}", std::pow(10, power)); }

}  // namespace

std::string DrawKlHistogram(const KldResult& result) {
  if (result.tokens.size() < 2) return "";
  const Decades decades = DecadesOf(result);
  const std::vector<uint64_t> bins = Count(result, decades);
  const Axis x{static_cast<double>(decades.low), static_cast<double>(decades.high), kLeft,
               kWidth - kRight};
  const Axis y{0, static_cast<double>(std::ranges::max(bins)) * 1.04, kBase, kTop + 22};

  Markup svg;
  svg.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kBase + 44)},
                   {"role", "img"},
                   {"class", "wide"},
                   {"aria-label", "Distribution of the divergence over tokens"}});
  for (const double tick : y.Ticks(4)) {
    if (tick != std::floor(tick)) continue;
    svg.Empty("line", {{"class", "grid"},
                       {"x1", kLeft},
                       {"x2", kWidth - kRight},
                       {"y1", y.At(tick)},
                       {"y2", y.At(tick)}});
    svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 8}, {"y", y.At(tick) + 4}},
             FormatCount(static_cast<uint64_t>(tick)));
  }
  for (size_t bin = 0; bin < bins.size(); ++bin) {
    if (bins[bin] == 0) continue;
    const double low = decades.low + static_cast<double>(bin) / kBinsPerDecade;
    const double high = decades.low + static_cast<double>(bin + 1) / kBinsPerDecade;
    const double height = std::max(kBase - y.At(static_cast<double>(bins[bin])), kSmallestBar);
    svg.Open("g");
    svg.Open("rect", {{"class", "bar"},
                      {"x", x.At(low) + 0.5},
                      {"y", kBase - height},
                      {"width", x.At(high) - x.At(low) - 1},
                      {"height", height}});
    svg.Leaf("title", {},
             fmt::format("{}{} to {}: {} tokens", bin == 0 ? "up to, or " : "", Bound(low),
                         Bound(high), FormatCount(bins[bin])));
    svg.Close().Close();
  }
  svg.Empty(
      "line",
      {{"class", "axis"}, {"x1", kLeft}, {"x2", kWidth - kRight}, {"y1", kBase}, {"y2", kBase}});
  for (int power = decades.low; power <= decades.high; ++power) {
    svg.Empty("line", {{"class", "tick"},
                       {"x1", x.At(power)},
                       {"x2", x.At(power)},
                       {"y1", kBase},
                       {"y2", kBase + 4}});
    svg.Leaf("text", {{"class", "label middle"}, {"x", x.At(power)}, {"y", kBase + 17}},
             DecadeLabel(power));
  }
  svg.Leaf("text", {{"class", "label"}, {"x", kLeft}, {"y", kBase + 36}},
           "KL divergence of a token in nats →");
  svg.Leaf("text", {{"class", "label end"}, {"x", kLeft - 8}, {"y", kTop + 8}}, "tokens");
  const auto mark = [&](int row, const char* name, double value) {
    Mark(svg, x.At(OnAxis(value, decades)), row, fmt::format("{} {:.3g}", name, value));
  };
  mark(0, "median", result.median.value);
  mark(1, "mean", result.mean.value);
  mark(0, "99 %", result.p99.value);
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::eval
