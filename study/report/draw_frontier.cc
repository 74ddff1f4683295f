#include "study/report/draw_frontier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "report/drawings/label_placer.h"
#include "report/drawings/plot.h"
#include "report/markup.h"
#include "study/report/study_style.h"

namespace hlwq::study {
namespace {

using report::Axis;
using report::FormatCoordinate;
using report::LabelPlacer;
using report::Markup;

constexpr report::Plot kFrontierPlot = {
    .width = 540, .height = 380, .left = 56, .right = 20, .top = 14, .base = 336};
constexpr double kMarkSize = 4.5;

std::string MarkPath(Mark mark, double x, double y, double r) {
  const auto at = [&](double dx, double dy) {
    return FormatCoordinate(x + dx * r) + " " + FormatCoordinate(y + dy * r);
  };
  switch (mark) {
    case Mark::kSquare:
      return "M" + at(-0.9, -0.9) + "L" + at(0.9, -0.9) + "L" + at(0.9, 0.9) + "L" + at(-0.9, 0.9) +
             "Z";
    case Mark::kDiamond:
      return "M" + at(0, -1.3) + "L" + at(1.3, 0) + "L" + at(0, 1.3) + "L" + at(-1.3, 0) + "Z";
    case Mark::kTriangle:
      return "M" + at(0, -1.2) + "L" + at(1.15, 0.9) + "L" + at(-1.15, 0.9) + "Z";
    case Mark::kCross:
      return "M" + at(-0.35, -1.4) + "L" + at(0.35, -1.4) + "L" + at(0.35, -0.35) + "L" +
             at(1.4, -0.35) + "L" + at(1.4, 0.35) + "L" + at(0.35, 0.35) + "L" + at(0.35, 1.4) +
             "L" + at(-0.35, 1.4) + "L" + at(-0.35, 0.35) + "L" + at(-1.4, 0.35) + "L" +
             at(-1.4, -0.35) + "L" + at(-0.35, -0.35) + "Z";
    case Mark::kCircle:
      break;
  }
  const std::string radius = FormatCoordinate(r);
  return "M" + at(-1, 0) + "a" + radius + " " + radius + " 0 1 0 " + FormatCoordinate(2 * r) +
         " 0a" + radius + " " + radius + " 0 1 0 " + FormatCoordinate(-2 * r) + " 0Z";
}

struct FrontierAxes {
  Axis x, y;
};

bool MakeFrontierAxes(const std::vector<FrontierPath>& paths, FrontierAxes& axes) {
  double left = INFINITY, right = -INFINITY, low = INFINITY, high = -INFINITY;
  for (const FrontierPath& path : paths) {
    for (const FrontierPoint& point : path.points) {
      for (const auto& [x, y] : point.seeds) {
        left = std::min(left, x);
        right = std::max(right, x);
        low = std::min(low, y);
        high = std::max(high, y);
      }
    }
  }
  if (!(left <= right && low <= high)) return false;
  const double across = std::max(0.08 * (right - left), 0.01),
               up = std::max(0.08 * (high - low), 1e-4);
  axes = {kFrontierPlot.Horizontal(left - across, right + across),
          kFrontierPlot.Vertical(low - up, high + up)};
  return true;
}

std::string ClassOfPath(const FrontierPath& path) {
  return path.is_data ? "data" : ArmClass(path.arm);
}

void DrawPath(Markup& svg, const FrontierAxes& axes, const FrontierPath& path) {
  svg.Open("g", {{"class", ClassOfPath(path)}});
  std::string line;
  for (const FrontierPoint& point : path.points) {
    line += fmt::format("{}{} {}", line.empty() ? "M" : "L", FormatCoordinate(axes.x.At(point.x)),
                        FormatCoordinate(axes.y.At(point.y)));
  }
  if (path.points.size() > 1) svg.Empty("path", {{"class", "path"}, {"d", line}});
  for (const FrontierPoint& point : path.points) {
    if (point.seeds.size() > 1) {
      for (const auto& [x, y] : point.seeds) {
        svg.Empty("circle",
                  {{"class", "dot"}, {"cx", axes.x.At(x)}, {"cy", axes.y.At(y)}, {"r", 1.8}});
      }
    }
    svg.Open("path",
             {{"class", "mark"},
              {"d", MarkPath(path.mark, axes.x.At(point.x), axes.y.At(point.y), kMarkSize)}});
    svg.Leaf("title", {},
             fmt::format("{}, {}: {:.4g} nats, {:.4g}", path.name, point.label, point.x, point.y));
    svg.Close();
  }
  svg.Close();
}

void DrawLabels(Markup& svg, const FrontierAxes& axes, const std::vector<FrontierPath>& paths) {
  LabelPlacer placer(
      {kFrontierPlot.left, kFrontierPlot.top, kFrontierPlot.width, kFrontierPlot.base});
  for (const FrontierPath& path : paths) {
    for (const FrontierPoint& point : path.points) {
      const double x = axes.x.At(point.x), y = axes.y.At(point.y);
      placer.KeepOff({x - kMarkSize, y - kMarkSize, x + kMarkSize, y + kMarkSize});
    }
  }
  for (const FrontierPath& path : paths) {
    svg.Open("g", {{"class", ClassOfPath(path)}});
    for (const FrontierPoint& point : path.points) {
      const double x = axes.x.At(point.x), y = axes.y.At(point.y);
      placer.Draw(svg, x, y, point.label, "value");
    }
    svg.Close();
  }
}

// Short: the path says the rest.
std::string PointLabel(const SamplerRecord& sampler) {
  if (sampler.method == "data") return "the data";
  std::string label = sampler.steps > 0 ? fmt::format("{}", sampler.steps) : "";
  if (sampler.steps == 0 || sampler.temperature != 1) {
    label += fmt::format("{}T {:g}", label.empty() ? "" : ", ", sampler.temperature);
  }
  if (sampler.top_p < 1) label += fmt::format(", p {:g}", sampler.top_p);
  return label;
}

}  // namespace

Mark MarkOf(std::string_view method) {
  if (method == "ancestral") return Mark::kSquare;
  if (method == "confidence") return Mark::kDiamond;
  if (method == "blocks") return Mark::kTriangle;
  if (method == "data") return Mark::kCross;
  return Mark::kCircle;
}

std::string DrawMark(Mark mark) {
  Markup svg;
  svg.Open("svg",
           {{"viewBox", "0 0 14 14"},
            {"width", 14},
            {"height", 14},
            {"style", "display:inline-block;width:14px;vertical-align:-2px;margin-right:6px"}});
  svg.Empty("path", {{"class", "mark"}, {"d", MarkPath(mark, 7, 7, 4.5)}});
  svg.Close();
  return std::move(svg).Finish();
}

std::vector<FrontierPath> MakeFrontier(const std::vector<SettingSets>& settings,
                                       const std::vector<std::string>& arms,
                                       const SettingSets::Measure& measure) {
  std::vector<FrontierPath> paths;
  for (const SettingSets& setting : settings) {
    const SamplerRecord& sampler = setting.sampler();
    if (setting.counts_prompt() || !sampler.prompt.empty()) continue;
    FrontierPoint point = {
        .steps = sampler.steps, .temperature = sampler.temperature, .label = PointLabel(sampler)};
    for (const MeasuredSet* set : setting.seeds) {
      const auto x = FluencyOf(*set), y = measure(*set);
      if (x && y) point.seeds.emplace_back(*x, *y);
    }
    if (point.seeds.empty()) continue;
    for (const auto& [x, y] : point.seeds) {
      point.x += x / static_cast<double>(point.seeds.size());
      point.y += y / static_cast<double>(point.seeds.size());
    }
    const bool is_data = sampler.method == "data";
    // Temperatures of one number of steps, or the numbers of steps of one temperature, are a path.
    const std::string name =
        is_data ? "the data"
                : fmt::format(
                      "{}, {}{}{}", sampler.arm, sampler.method,
                      sampler.top_p < 1 ? fmt::format(", top-p {:g}", sampler.top_p) : "",
                      sampler.steps > 0 && sampler.temperature != 1 ? ", cooler or hotter" : "");
    auto path = std::ranges::find(paths, name, &FrontierPath::name);
    if (path == paths.end()) {
      const auto arm = std::ranges::find(arms, sampler.arm);
      paths.push_back({.name = name,
                       .arm = static_cast<size_t>(arm - arms.begin()),
                       .is_data = is_data,
                       .mark = MarkOf(sampler.method)});
      path = paths.end() - 1;
    }
    path->points.push_back(std::move(point));
  }
  for (FrontierPath& path : paths) {
    std::ranges::stable_sort(path.points, [](const FrontierPoint& a, const FrontierPoint& b) {
      return std::tie(a.steps, a.temperature) < std::tie(b.steps, b.temperature);
    });
  }
  return paths;
}

std::string DrawFrontier(const std::vector<FrontierPath>& paths, std::string_view name,
                         std::string_view caption) {
  FrontierAxes axes;
  if (!MakeFrontierAxes(paths, axes)) return "";
  Markup svg;
  kFrontierPlot.OpenHalf(svg, name);
  for (const double tick : axes.y.Ticks(6)) {
    kFrontierPlot.GridLine(svg, axes.y.At(tick), fmt::format("{:.3g}", tick));
  }
  for (const double tick : axes.x.Ticks(6)) {
    kFrontierPlot.Tick(svg, axes.x.At(tick), fmt::format("{:.3g}", tick));
  }
  kFrontierPlot.HorizontalAxis(svg);
  for (const FrontierPath& path : paths) DrawPath(svg, axes, path);
  DrawLabels(svg, axes, paths);
  kFrontierPlot.Caption(svg, caption);
  svg.Close();
  return std::move(svg).Finish();
}

}  // namespace hlwq::study
