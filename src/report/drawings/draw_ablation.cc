#include "report/drawings/draw_ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "report/ablation_words.h"
#include "report/drawings/label_placer.h"
#include "report/drawings/plot.h"
#include "report/estimate_text.h"
#include "report/markup.h"

namespace hlwq::report {
namespace {

constexpr Plot kPlot = {
    .width = 1120, .height = 514, .left = 64, .right = 24, .top = 16, .base = 470};
constexpr double kRadius = 4.5;

// A method's point.
struct Point {
  const AblationRow* row = nullptr;
  double x = 0, y = 0;
};

struct Axes {
  Axis x, y;  // bits a weight, log10 of the divergence
};

bool IsDrawn(const AblationRow& row) { return row.kl.value > 0 && row.bits_per_weight > 0; }

// Of two errors from the value; empty for one that nothing is known of.
std::optional<double> Bar(const AblationRow& row) {
  if (!std::isfinite(row.kl.block_error)) return std::nullopt;
  return 2 * row.kl.block_error;
}

std::optional<Axes> MakeAxes(const Ablation& ablation) {
  double low = INFINITY, high = -INFINITY, least = INFINITY, most = -INFINITY;
  for (const AblationRow& row : ablation.rows) {
    if (!IsDrawn(row)) continue;
    low = std::min(low, row.bits_per_weight);
    high = std::max(high, row.bits_per_weight);
    least = std::min(least, std::log10(row.kl.value));
    most = std::max(most, std::log10(row.kl.value));
  }
  if (!(low <= high)) return std::nullopt;
  const double margin = std::max(0.06 * (high - low), 0.2);
  return Axes{kPlot.Horizontal(low - margin, high + margin),
              kPlot.Vertical(least - 0.12, most + 0.12)};
}

// 0.01, 0.02, 0.05, 0.1, ..
void DrawGrid(Markup& svg, const Axes& axes) {
  for (int power = static_cast<int>(std::floor(axes.y.low)); power <= axes.y.high; ++power) {
    for (const int digit : {1, 2, 5}) {
      const double value = digit * std::pow(10, power), y = axes.y.At(std::log10(value));
      if (y > kPlot.base || y < kPlot.top) continue;
      kPlot.GridLine(svg, y, fmt::format("{:g}", value));
    }
  }
  for (const double tick : axes.x.Ticks(9)) {
    kPlot.Tick(svg, axes.x.At(tick), fmt::format("{:g}", tick));
  }
  kPlot.HorizontalAxis(svg);
}

const char* ClassOf(MethodKind kind) {
  switch (kind) {
    case MethodKind::kRotated:
      return "quantized";
    case MethodKind::kGgml:
      return "carried";
    case MethodKind::kUnrotated:
      break;
  }
  return "plain";
}

void DrawPoint(Markup& svg, const Axes& axes, const Point& point) {
  const AblationRow& row = *point.row;
  if (const auto bar = Bar(row)) {
    const auto at = [&](double kl) {
      return std::clamp(axes.y.At(std::log10(std::max(kl, 1e-12))), kPlot.top, kPlot.base);
    };
    svg.Empty("line", {{"class", "error"},
                       {"x1", point.x},
                       {"x2", point.x},
                       {"y1", at(row.kl.value - *bar)},
                       {"y2", at(row.kl.value + *bar)}});
  }
  svg.Open("circle",
           {{"class", ClassOf(row.kind)}, {"cx", point.x}, {"cy", point.y}, {"r", kRadius}});
  const EstimateText kl = FormatEstimate(row.kl);
  svg.Leaf("title", {},
           fmt::format("{}: {} bits, KL {} ± {}", row.label, FormatBitsExactly(row.bits_per_weight),
                       kl.value, kl.block_error));
  svg.Close();
}

}  // namespace

std::string DrawAblation(const Ablation& ablation) {
  const std::optional<Axes> axes = MakeAxes(ablation);
  if (!axes) return "";
  LabelPlacer placer({kPlot.left, kPlot.top, kPlot.width, kPlot.base});
  std::vector<Point> points;
  for (const AblationRow& row : ablation.rows) {
    if (!IsDrawn(row)) continue;
    const Point point = {&row, axes->x.At(row.bits_per_weight),
                         axes->y.At(std::log10(row.kl.value))};
    placer.KeepOff({point.x - kRadius, point.y - kRadius, point.x + kRadius, point.y + kRadius});
    points.push_back(point);
  }
  Markup svg;
  kPlot.OpenWide(svg, "Divergence against bits a weight");
  DrawGrid(svg, *axes);
  for (const Point& point : points) DrawPoint(svg, *axes, point);
  std::ranges::sort(points, {}, &Point::y);
  for (const Point& point : points) {
    placer.Draw(svg, point.x, point.y, point.row->label, "name");
  }
  kPlot.Caption(
      svg,
      "stored bits a weight, scales and padding included →   ↑ KL divergence from the float "
      "model in nats; bars: two standard errors");
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::report
