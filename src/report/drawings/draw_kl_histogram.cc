#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/number_text.h"
#include "report/drawings/kld_drawings.h"
#include "report/drawings/plot.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr Plot kPlot = {
    .width = 1120, .height = 274, .left = 56, .right = 24, .top = 40, .base = 230};
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
  const double y = kPlot.top - 26 + 13 * row;
  const bool is_right = x > kPlot.width * 0.8;
  svg.Empty("line", {{"class", "marker"}, {"x1", x}, {"x2", x}, {"y1", y + 3}, {"y2", kPlot.base}});
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
  const Axis x = kPlot.Horizontal(decades.low, decades.high);
  const Axis y{0, static_cast<double>(std::ranges::max(bins)) * 1.04, kPlot.base, kPlot.top + 22};

  Markup svg;
  kPlot.OpenWide(svg, "Distribution of the divergence over tokens");
  for (const double tick : y.Ticks(4)) {
    if (tick != std::floor(tick)) continue;
    kPlot.GridLine(svg, y.At(tick), FormatCount(static_cast<uint64_t>(tick)));
  }
  for (size_t bin = 0; bin < bins.size(); ++bin) {
    if (bins[bin] == 0) continue;
    const double low = decades.low + static_cast<double>(bin) / kBinsPerDecade;
    const double high = decades.low + static_cast<double>(bin + 1) / kBinsPerDecade;
    const double height = std::max(kPlot.base - y.At(static_cast<double>(bins[bin])), kSmallestBar);
    svg.Open("g");
    svg.Open("rect", {{"class", "bar"},
                      {"x", x.At(low) + 0.5},
                      {"y", kPlot.base - height},
                      {"width", x.At(high) - x.At(low) - 1},
                      {"height", height}});
    svg.Leaf("title", {},
             fmt::format("{}{} to {}: {} tokens", bin == 0 ? "up to, or " : "", Bound(low),
                         Bound(high), FormatCount(bins[bin])));
    svg.Close().Close();
  }
  kPlot.HorizontalAxis(svg);
  for (int power = decades.low; power <= decades.high; ++power) {
    kPlot.Tick(svg, x.At(power), DecadeLabel(power));
  }
  kPlot.Caption(svg, "KL divergence of a token in nats →");
  svg.Leaf("text", {{"class", "label end"}, {"x", kPlot.left - 8}, {"y", kPlot.top + 8}}, "tokens");
  const auto mark = [&](int row, const char* name, double value) {
    Mark(svg, x.At(OnAxis(value, decades)), row, fmt::format("{} {:.3g}", name, value));
  };
  mark(0, "median", result.median.value);
  mark(1, "mean", result.mean.value);
  mark(0, "99 %", result.p99.value);
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
