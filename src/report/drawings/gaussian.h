// N(0,1), and the law that coordinates of a random direction follow.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace hlwq::report {

inline double GaussianDensity(double z) {
  return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
}
inline double GaussianCdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

// Density at z of sqrt(B) times a coordinate of a uniformly random unit vector of B dimensions:
// what rotated, normalised coordinates follow when weights are i.i.d. Gaussian. It tends to N(0,1)
// with growing B and has lighter tails. B >= 4.
inline double SphereDensity(double z, uint32_t dimensions) {
  const double b = dimensions;
  if (z * z >= b) return 0;
  const double log_norm =
      std::lgamma(b / 2) - std::lgamma((b - 1) / 2) - std::log(std::numbers::pi * b) / 2;
  return std::exp(log_norm + (b - 3) / 2 * std::log1p(-z * z / b));
}

// Probability under N(0,1) of the cell of each level, cells meeting halfway between ascending
// levels.
inline std::vector<double> CellProbabilities(std::span<const float> levels) {
  std::vector<double> probabilities;
  double below = 0;
  for (size_t index = 0; index < levels.size(); ++index) {
    const bool is_last = index + 1 == levels.size();
    const double up_to =
        is_last ? 1 : GaussianCdf((static_cast<double>(levels[index]) + levels[index + 1]) / 2);
    probabilities.push_back(up_to - below);
    below = up_to;
  }
  return probabilities;
}

}  // namespace hlwq::report
