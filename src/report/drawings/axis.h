// A linear axis: where a value lies on paper, and which round values to label.
#pragma once

#include <vector>

namespace hlwq::report {

// The smallest of 1, 2, 5 times a power of ten of which at most `steps` make up `span` > 0.
double NiceStep(double span, int steps);

struct Axis {
  double low = 0;    // value
  double high = 1;   // value, > low
  double start = 0;  // coordinate of `low`
  double end = 1;    // coordinate of `high`

  double At(double value) const { return start + (value - low) / (high - low) * (end - start); }
  // Multiples of a nice step inside [low, high]; at most `steps` + 1 of them.
  std::vector<double> Ticks(int steps) const;
};

}  // namespace hlwq::report
