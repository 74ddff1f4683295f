// Diversity against fluency, one point for each setting of a sampler.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "study/report/averages.h"

namespace hlwq::study {

enum class Mark { kCircle, kSquare, kDiamond, kTriangle, kCross };

struct FrontierPoint {
  double x = 0, y = 0;                           // means over seeds
  std::vector<std::pair<double, double>> seeds;  // of each
  uint64_t steps = 0;
  double temperature = 1;
  std::string label;
};

// Settings in the order of steps and temperatures, joined by a line.
struct FrontierPath {
  std::string name;  // "mdlm, ancestral"
  size_t arm = 0;    // of its colour
  bool is_data = false;
  Mark mark = Mark::kCircle;
  std::vector<FrontierPoint> points;
};

// The settings without a prompt, an arm and a method for each path, that have a fluency and `measure`. `arms`: names in
// the order of their colours.
std::vector<FrontierPath> MakeFrontier(const std::vector<SettingSets>& settings,
                                       const std::vector<std::string>& arms,
                                       const SettingSets::Measure& measure);

// Half as wide as a page. Empty without points.
std::string DrawFrontier(const std::vector<FrontierPath>& paths, std::string_view name,
                         std::string_view caption);

// The mark of a method and what it stands for, as SVG of 14 by 14 for a legend.
Mark MarkOf(std::string_view method);
std::string DrawMark(Mark mark);

}  // namespace hlwq::study
