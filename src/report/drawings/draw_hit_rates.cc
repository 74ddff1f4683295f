#include "report/drawings/draw_hit_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/number_text.h"
#include "report/drawings/label_placer.h"
#include "report/drawings/plot.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr Plot kPlot = {
    .width = 540, .height = 334, .left = 52, .right = 16, .top = 14, .base = 290};
constexpr double kRadius = 2.5;
constexpr std::array kStyles = {"line", "line second", "line third"};  // of policies

struct Axes {
  Axis x, y;  // log10 of bytes, hit rate

  double X(const CacheSize& size) const { return x.At(std::log10(size.bytes)); }
};

Axes MakeAxes(const CacheSimulation& simulation) {
  double low = INFINITY, high = -INFINITY;
  for (const CacheSize& size : simulation.sizes) {
    low = std::min(low, std::log10(size.bytes));
    high = std::max(high, std::log10(size.bytes));
  }
  const double margin = std::max(0.03 * (high - low), 0.02);
  return {kPlot.Horizontal(low - margin, high + margin), kPlot.Vertical(0, 1)};
}

// "20 MB", "1 GB".
std::string MemoryLabel(double bytes) {
  static constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  const auto unit = static_cast<size_t>(std::log10(bytes) / 3 + 1e-9);
  return fmt::format("{:g} {}", bytes / std::pow(1000, unit), kUnits[std::min<size_t>(unit, 5)]);
}

void DrawGrid(Markup& svg, const Axes& axes) {
  for (const double tick : axes.y.Ticks(5)) {
    kPlot.GridLine(svg, axes.y.At(tick), fmt::format("{:.0f} %", 100 * tick));
  }
  const bool is_wide = axes.x.high - axes.x.low > 2;
  for (int power = static_cast<int>(std::floor(axes.x.low)); power <= axes.x.high; ++power) {
    for (const int digit : {1, 2, 5}) {
      const double value = digit * std::pow(10, power), x = axes.x.At(std::log10(value));
      if (x < kPlot.left || x > kPlot.end() || (is_wide && digit != 1)) continue;
      kPlot.Tick(svg, x, MemoryLabel(value));
    }
  }
  kPlot.HorizontalAxis(svg);
}

void KeepOffLine(LabelPlacer& placer, double from_x, double from_y, double to_x, double to_y) {
  constexpr double kStep = 5;
  const double steps = std::ceil(std::hypot(to_x - from_x, to_y - from_y) / kStep) + 1;
  for (double step = 0; step <= steps; ++step) {
    const double x = from_x + (to_x - from_x) * step / steps;
    const double y = from_y + (to_y - from_y) * step / steps;
    placer.KeepOff({x - kRadius, y - kRadius, x + kRadius, y + kRadius});
  }
}

// Where the lines are farthest from each other there is room for their names.
size_t WidestSize(const CacheSimulation& simulation, size_t scope) {
  size_t widest = 0;
  uint64_t most = 0;
  for (size_t at = 0; at < simulation.sizes.size(); ++at) {
    const auto [low, high] = std::ranges::minmax(simulation.sizes[at].hits[scope]);
    if (high - low > most) {
      most = high - low;
      widest = at;
    }
  }
  return widest;
}

}  // namespace

std::string DrawHitRates(const CacheSimulation& simulation, CacheScope scope) {
  if (simulation.sizes.empty()) return "";
  const auto index = static_cast<size_t>(scope);
  const Axes axes = MakeAxes(simulation);
  LabelPlacer placer({kPlot.left, kPlot.top, kPlot.width, kPlot.base});
  Markup svg;
  kPlot.OpenHalf(svg, "Hit rate against memory");
  DrawGrid(svg, axes);
  const size_t columns = simulation.policies.size();
  for (size_t column = 0; column < columns; ++column) {
    const std::string& policy = simulation.policies[column];
    const char* style = column + 1 == columns ? "reference" : kStyles[column % kStyles.size()];
    std::string path;
    double last_x = 0, last_y = 0;
    for (const CacheSize& size : simulation.sizes) {
      const double x = axes.X(size), y = axes.y.At(simulation.HitRate(size.hits[index][column]));
      path += fmt::format("{}{} {}", path.empty() ? "M" : " L", FormatCoordinate(x),
                          FormatCoordinate(y));
      if (&size != &simulation.sizes.front()) KeepOffLine(placer, last_x, last_y, x, y);
      last_x = x;
      last_y = y;
    }
    svg.Empty("path", {{"class", style}, {"d", path}});
    for (const CacheSize& size : simulation.sizes) {
      const double rate = simulation.HitRate(size.hits[index][column]);
      svg.Open(
          "circle",
          {{"class", "hover"}, {"cx", axes.X(size)}, {"cy", axes.y.At(rate)}, {"r", 2 * kRadius}});
      svg.Leaf("title", {},
               fmt::format("{}, {} slots, {}: {:.1f} %", policy, size.slots,
                           FormatBytes(size.bytes), 100 * rate));
      svg.Close();
    }
  }
  const CacheSize& widest = simulation.sizes[WidestSize(simulation, index)];
  for (size_t column = columns; column-- > 0;) {
    const double x = axes.X(widest), y = axes.y.At(simulation.HitRate(widest.hits[index][column]));
    placer.Draw(svg, x, y, simulation.policies[column], "name");
  }
  kPlot.Caption(svg, "memory for experts → (share of the uses that find theirs there)");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
