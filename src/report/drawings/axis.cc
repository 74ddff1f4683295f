#include "report/drawings/axis.h"

#include <cmath>

namespace hlwq::report {

double NiceStep(double span, int steps) {
  const double rough = span / steps;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::vector<double> Axis::Ticks(int steps) const {
  const double step = NiceStep(high - low, steps);
  std::vector<double> ticks;
  const double slack = 1e-9 * step;
  for (double index = std::ceil((low - slack) / step); index * step <= high + slack; ++index) {
    ticks.push_back(index * step + 0.0);  // not -0
  }
  return ticks;
}

}  // namespace hlwq::report
