// Curves of several runs for each arm.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hlwq::study {

struct CurvePoint {
  double x = 0, y = 0;
};
using Curve = std::vector<CurvePoint>;  // x ascending

// The runs of an arm.
struct ArmCurves {
  std::string name;
  size_t arm = 0;  // of its colour
  std::vector<Curve> seeds;
};

struct CurveFigure {
  std::string name;     // for those who do not see it
  std::string caption;  // what the axes mean
  std::vector<ArmCurves> arms;
};

// Of each arm the mean over its seeds, at the steps that all of them have, a band from the lowest to the highest,
// and thin lines of each. What comes before a fifth of the way and is higher than all after it is cut off. Empty
// where there is nothing to draw.
std::string DrawCurves(const CurveFigure& figure);

// Means of at most `most` consecutive parts of a curve.
Curve Smooth(const Curve& curve, size_t most);

}  // namespace hlwq::study
