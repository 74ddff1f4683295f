#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/number_text.h"
#include "report/drawings/gaussian.h"
#include "report/drawings/plot.h"
#include "report/drawings/tensor_drawings.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

// The density, and below it the ratio.
constexpr Plot kPlot = {
    .width = 520, .height = 362, .left = 44, .right = 10, .top = 14, .base = 214, .gap = 6};
constexpr Plot kRatio = {
    .width = 520, .height = 362, .left = 44, .right = 10, .top = 262, .base = 322, .gap = 6};
using Stats = codec::ErrorStats;

constexpr double kLevelsEnd = 230;  // of the level ticks
constexpr double kRatioReach = 1;   // log2: half to double
constexpr double kFewest = 30;      // expected counts below this are noise, not shape
constexpr double kBinWidth = 2 * Stats::kHistogramMax / Stats::kHistogramBins;

double BinLow(size_t bin) { return -Stats::kHistogramMax + kBinWidth * static_cast<double>(bin); }

// What N(0,1) puts into a bin; the end bins take the tails, as they do when counting.
double ExpectedShare(size_t bin) {
  const double below = bin == 0 ? 0 : GaussianCdf(BinLow(bin));
  const double above = bin + 1 == Stats::kHistogramBins ? 1 : GaussianCdf(BinLow(bin + 1));
  return above - below;
}

void DrawDensity(Markup& svg, const Stats& stats, double total, const Axis& x, const Axis& y) {
  std::string area = fmt::format("M{} {}", FormatCoordinate(x.start), FormatCoordinate(kPlot.base));
  for (size_t bin = 0; bin < Stats::kHistogramBins; ++bin) {
    const double density = static_cast<double>(stats.coordinates[bin]) / total / kBinWidth;
    area += fmt::format("V{}H{}", FormatCoordinate(std::max(y.At(density), kPlot.top)),
                        FormatCoordinate(x.At(BinLow(bin + 1))));
  }
  area += fmt::format("V{}Z", FormatCoordinate(kPlot.base));
  svg.Empty("path", {{"class", "area"}, {"d", area}});

  std::string curve;
  constexpr int kPoints = 120;
  for (int point = 0; point <= kPoints; ++point) {
    const double z = -Stats::kHistogramMax + 2 * Stats::kHistogramMax * point / kPoints;
    curve += fmt::format("{}{} {}", point == 0 ? "M" : "L", FormatCoordinate(x.At(z)),
                         FormatCoordinate(y.At(GaussianDensity(z))));
  }
  svg.Empty("path", {{"class", "curve"}, {"d", curve}});
}

void DrawRatio(Markup& svg, const Stats& stats, double total, const Axis& x, uint32_t block_size) {
  const Axis y = kRatio.Vertical(-kRatioReach, kRatioReach);
  for (const double tick : {-1.0, 0.0, 1.0}) {
    kRatio.Across(svg, tick == 0 ? "axis" : "grid", y.At(tick));
    svg.Leaf("text", {{"class", "label end"}, {"x", kPlot.left - 6}, {"y", y.At(tick) + 4}},
             tick < 0   ? "×½"
             : tick > 0 ? "×2"
                        : "×1");
  }
  std::string line;
  std::string sphere;
  for (size_t bin = 0; bin < Stats::kHistogramBins; ++bin) {
    const double expected = ExpectedShare(bin) * total;
    if (expected < kFewest) continue;
    const double middle = x.At(BinLow(bin) + kBinWidth / 2);
    const auto add = [&](std::string& path, double ratio) {
      const double reach = std::clamp(std::log2(ratio), -kRatioReach, kRatioReach);
      path += fmt::format("{}{} {}", path.empty() ? "M" : "L", FormatCoordinate(middle),
                          FormatCoordinate(y.At(reach)));
    };
    add(line, static_cast<double>(stats.coordinates[bin]) / expected);
    if (block_size >= 4) {
      const double z = BinLow(bin) + kBinWidth / 2;
      add(sphere, SphereDensity(z, block_size) / GaussianDensity(z));
    }
  }
  if (!sphere.empty()) svg.Empty("path", {{"class", "reference"}, {"d", sphere}});
  if (!line.empty()) svg.Empty("path", {{"class", "line"}, {"d", line}});
  svg.Leaf("text", {{"class", "label"}, {"x", kPlot.left}, {"y", kRatio.top - 8}},
           "observed ÷ N(0,1)");
}

void DrawHover(Markup& svg, const Stats& stats, double total, const Axis& x) {
  for (size_t bin = 0; bin < Stats::kHistogramBins; ++bin) {
    const double share = static_cast<double>(stats.coordinates[bin]) / total;
    svg.Open("rect", {{"class", "hover"},
                      {"x", x.At(BinLow(bin))},
                      {"y", kPlot.top},
                      {"width", (x.end - x.start) / Stats::kHistogramBins},
                      {"height", kRatio.base - kPlot.top}});
    svg.Leaf("title", {},
             fmt::format("{:.1f} to {:.1f}: {:.3f} %, N(0,1) {:.3f} %", BinLow(bin),
                         BinLow(bin + 1), 100 * share, 100 * ExpectedShare(bin)));
    svg.Close();
  }
}

}  // namespace

std::string DrawCoordinates(const codec::ErrorStats& stats, std::span<const float> levels,
                            uint32_t block_size) {
  const auto total = static_cast<double>(
      std::accumulate(stats.coordinates.begin(), stats.coordinates.end(), uint64_t{0}));
  if (total == 0) return "";
  const double highest =
      static_cast<double>(*std::ranges::max_element(stats.coordinates)) / total / kBinWidth;
  const Axis x = kPlot.Horizontal(-Stats::kHistogramMax, Stats::kHistogramMax);
  const Axis y = kPlot.Vertical(0, std::clamp(1.06 * highest, 0.44, 1.5));

  Markup svg;
  kPlot.OpenHalf(svg, "Histogram of the rotated coordinates against N(0,1)");
  for (const double tick : y.Ticks(4)) {
    kPlot.GridLine(svg, y.At(tick), fmt::format("{:g}", tick));
  }
  DrawDensity(svg, stats, total, x, y);
  kPlot.HorizontalAxis(svg);
  for (const float level : levels) {
    if (!(std::abs(level) <= Stats::kHistogramMax)) continue;
    svg.Empty("line", {{"class", levels.size() > 64 ? "level fine" : "level"},
                       {"x1", x.At(level)},
                       {"x2", x.At(level)},
                       {"y1", kPlot.base + 2},
                       {"y2", kLevelsEnd}});
  }
  DrawRatio(svg, stats, total, x, block_size);
  for (int tick = -4; tick <= 4; ++tick) {
    kRatio.Tick(svg, x.At(tick), tick < 0 ? fmt::format("−{}", -tick) : fmt::format("{}", tick));
  }
  kPlot.Caption(
      svg, levels.empty() ? "coordinate z →" : "coordinate z →   (ticks under the bars: levels)");
  DrawHover(svg, stats, total, x);
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
