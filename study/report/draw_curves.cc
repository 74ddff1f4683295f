#include "study/report/draw_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/number_text.h"
#include "report/drawings/plot.h"
#include "report/markup.h"
#include "study/report/study_style.h"

namespace hlwq::study {
namespace {

using report::Axis;
using report::Markup;

constexpr report::Plot kPlot = {
    .width = 1120, .height = 420, .left = 60, .right = 150, .top = 16, .base = 374};

struct BandPoint {
  double x = 0, low = INFINITY, high = -INFINITY, sum = 0;
  size_t curves = 0;
};

// At every x that all curves have.
std::vector<BandPoint> MakeBand(const std::vector<Curve>& curves) {
  std::map<double, BandPoint> at;
  for (const Curve& curve : curves) {
    for (const CurvePoint& point : curve) {
      BandPoint& band = at[point.x];
      band.x = point.x;
      band.low = std::min(band.low, point.y);
      band.high = std::max(band.high, point.y);
      band.sum += point.y;
      ++band.curves;
    }
  }
  std::vector<BandPoint> band;
  for (const auto& [x, point] : at) {
    if (point.curves == curves.size()) band.push_back(point);
  }
  return band;
}

struct CurveAxes {
  Axis x, y;
};

// False where nothing can be drawn.
bool MakeCurveAxes(const CurveFigure& figure, CurveAxes& axes) {
  double last = 0, low = INFINITY, high = -INFINITY;
  const auto each = [&](auto visit) {
    for (const ArmCurves& arm : figure.arms) {
      for (const Curve& curve : arm.seeds) {
        for (const CurvePoint& point : curve) visit(point);
      }
    }
  };
  each([&](const CurvePoint& point) { last = std::max(last, point.x); });
  each([&](const CurvePoint& point) {
    low = std::min(low, point.y);
    if (point.x >= last / 5) high = std::max(high, point.y);
  });
  if (!(low <= high) || last <= 0 || !std::isfinite(low) || !std::isfinite(high)) return false;
  const double margin = std::max(0.05 * (high - low), 1e-6 * std::abs(high) + 1e-9);
  axes = {kPlot.Horizontal(0, last), kPlot.Vertical(low - margin, high + margin)};
  return true;
}

// The points of a path that the plot has room for.
std::string PathOf(const CurveAxes& axes, const Curve& curve) {
  std::string path;
  for (const CurvePoint& point : curve) {
    if (point.y > axes.y.high) continue;
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L",
                        report::FormatCoordinate(axes.x.At(point.x)),
                        report::FormatCoordinate(axes.y.At(point.y)));
  }
  return path;
}

void DrawArm(Markup& svg, const CurveAxes& axes, const ArmCurves& arm) {
  const std::vector<BandPoint> band = MakeBand(arm.seeds);
  svg.Open("g", {{"class", ArmClass(arm.arm)}});
  if (arm.seeds.size() > 1) {
    Curve outline;
    for (const BandPoint& point : band)
      outline.push_back({point.x, std::min(point.high, axes.y.high)});
    for (size_t index = band.size(); index-- > 0;) {
      outline.push_back({band[index].x, std::min(band[index].low, axes.y.high)});
    }
    if (!outline.empty()) {
      svg.Empty("path", {{"class", "band"}, {"d", PathOf(axes, outline) + "Z"}});
    }
    for (const Curve& curve : arm.seeds) {
      svg.Empty("path", {{"class", "seed"}, {"d", PathOf(axes, curve)}});
    }
  }
  Curve mean;
  for (const BandPoint& point : band) {
    mean.push_back({point.x, point.sum / static_cast<double>(point.curves)});
  }
  svg.Empty("path", {{"class", "mean"}, {"d", PathOf(axes, mean)}});
  svg.Close();
}

// The names at the ends of the curves, moved apart.
void DrawNames(Markup& svg, const CurveAxes& axes, const CurveFigure& figure) {
  struct Name {
    const ArmCurves* arm;
    double y;
  };
  std::vector<Name> names;
  for (const ArmCurves& arm : figure.arms) {
    double sum = 0;
    size_t ends = 0;
    for (const Curve& curve : arm.seeds) {
      if (curve.empty()) continue;
      sum += curve.back().y;
      ++ends;
    }
    if (ends > 0)
      names.push_back({&arm, axes.y.At(std::min(sum / static_cast<double>(ends), axes.y.high))});
  }
  std::ranges::sort(names, {}, &Name::y);
  for (size_t index = 1; index < names.size(); ++index) {
    names[index].y = std::max(names[index].y, names[index - 1].y + 15);
  }
  for (const Name& name : names) {
    svg.Open("g", {{"class", ArmClass(name.arm->arm)}});
    svg.Leaf("text", {{"class", "of-arm"}, {"x", kPlot.end() + 8}, {"y", name.y + 4}},
             name.arm->name);
    svg.Close();
  }
}

}  // namespace

std::string DrawCurves(const CurveFigure& figure) {
  CurveAxes axes;
  if (!MakeCurveAxes(figure, axes)) return "";
  Markup svg;
  kPlot.OpenWide(svg, figure.name);
  for (const double tick : axes.y.Ticks(7)) {
    kPlot.GridLine(svg, axes.y.At(tick), fmt::format("{:.4g}", tick));
  }
  for (const double tick : axes.x.Ticks(8)) {
    kPlot.Tick(svg, axes.x.At(tick), FormatCount(static_cast<uint64_t>(tick)));
  }
  kPlot.HorizontalAxis(svg);
  for (const ArmCurves& arm : figure.arms) DrawArm(svg, axes, arm);
  DrawNames(svg, axes, figure);
  kPlot.Caption(svg, figure.caption);
  svg.Close();
  return std::move(svg).Finish();
}

Curve Smooth(const Curve& curve, size_t most) {
  Curve smooth;
  const size_t parts = std::min(most, curve.size());
  for (size_t part = 0; part < parts; ++part) {
    const size_t begin = part * curve.size() / parts, end = (part + 1) * curve.size() / parts;
    CurvePoint sum;
    for (size_t at = begin; at < end; ++at) sum = {sum.x + curve[at].x, sum.y + curve[at].y};
    const auto count = static_cast<double>(end - begin);
    smooth.push_back({sum.x / count, sum.y / count});
  }
  return smooth;
}

}  // namespace hlwq::study
