#include "codec/gaussian_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace hlwq::codec {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Density and distribution function of N(0,1).
double Phi(double x) { return 0.5 * std::erfc(-x * (1.0 / std::numbers::sqrt2)); }
double Density(double x) {
  return std::exp(-0.5 * x * x) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
}

// Probability of (a, b), both in the upper tail, without the cancellation of Phi(b) - Phi(a).
double UpperProbability(double a, double b) {
  return 0.5 * (std::erfc(a / std::numbers::sqrt2) - std::erfc(b / std::numbers::sqrt2));
}

// Levels of the positive half at the companding start: quantiles of N(0, 3), whose density is
// proportional to the cube root of N(0,1)'s (Panter and Dite's high-rate optimum).
std::vector<double> CompandingStart(size_t half) {
  std::vector<double> levels(half);
  for (size_t i = 0; i < half; ++i) {
    const double want = (static_cast<double>(half + i) + 0.5) / static_cast<double>(2 * half);
    double low = 0;
    double high = 10;
    for (int step = 0; step < 60; ++step) {
      const double middle = 0.5 * (low + high);
      (Phi(middle) < want ? low : high) = middle;
    }
    levels[i] = std::numbers::sqrt3 * low;
  }
  return levels;
}

// One Newton step on F_i(c) = c_i - E[X | t_i < X < t_(i+1)], t_i = (c_(i-1) + c_i) / 2, t_0 = 0,
// t_half = infinity. The Jacobian is tridiagonal:
//   d mean / d a = density(a) (mean - a) / P,   d mean / d b = density(b) (b - mean) / P.
// Returns the largest change.
double NewtonStep(std::vector<double>& levels) {
  const size_t half = levels.size();
  std::vector<double> upper(half), rhs(half);
  for (size_t i = 0; i < half; ++i) {
    const double a = i == 0 ? 0 : 0.5 * (levels[i - 1] + levels[i]);
    const bool last = i + 1 == half;
    const double b = last ? kInfinity : 0.5 * (levels[i] + levels[i + 1]);
    const double p = UpperProbability(a, b);
    const double density_b = last ? 0 : Density(b);
    const double mean = (Density(a) - density_b) / p;
    const double by_a = i == 0 ? 0 : 0.5 * Density(a) * (mean - a) / p;
    const double by_b = last ? 0 : 0.5 * density_b * (b - mean) / p;
    double diagonal = 1 - by_a - by_b;
    double value = levels[i] - mean;
    if (i > 0) {  // eliminate the subdiagonal entry -by_a; row i - 1 has unit diagonal already
      diagonal += by_a * upper[i - 1];
      value += by_a * rhs[i - 1];
    }
    upper[i] = -by_b / diagonal;
    rhs[i] = value / diagonal;
  }
  double largest = 0;
  for (size_t i = half; i-- > 0;) {
    if (i + 1 < half) rhs[i] -= upper[i] * rhs[i + 1];
    levels[i] -= rhs[i];
    largest = std::max(largest, std::abs(rhs[i]));
  }
  return largest;
}

std::vector<double> LloydMax(int bits) {
  std::vector<double> positive = CompandingStart(size_t{1} << (bits - 1));
  // Quadratic convergence: the start is close enough for every width (tested), six steps suffice.
  for (int step = 0; step < 40 && NewtonStep(positive) > 1e-13; ++step) {
  }
  std::vector<double> levels;
  levels.reserve(2 * positive.size());
  for (size_t i = positive.size(); i-- > 0;) levels.push_back(-positive[i]);
  levels.insert(levels.end(), positive.begin(), positive.end());
  return levels;
}

// The two published constructions: 100 rounds from a uniform grid on [-4, 4]. `polarquant-v1` holds
// boundaries and centroids in float32 between rounds and keeps the outer boundaries at +-4;
// `polarquant-v1-inf` holds float64 and has them at infinity. Neither is converged for b >= 5.
template <typename Stored>
std::vector<double> PublishedRounds(int bits, double outer, double least_probability) {
  const size_t count = size_t{1} << bits;
  std::vector<Stored> boundaries(count + 1), centroids(count);
  for (size_t i = 0; i <= count; ++i) {
    boundaries[i] =
        static_cast<Stored>(-4.0 + 8.0 * static_cast<double>(i) / static_cast<double>(count));
  }
  boundaries.front() = static_cast<Stored>(-outer);
  boundaries.back() = static_cast<Stored>(outer);
  for (int round = 0; round < 100; ++round) {
    for (size_t i = 0; i < count; ++i) {
      const auto a = static_cast<double>(boundaries[i]);
      const auto b = static_cast<double>(boundaries[i + 1]);
      const double probability = Phi(b) - Phi(a);
      centroids[i] = static_cast<Stored>(
          probability > least_probability ? (Density(a) - Density(b)) / probability : (a + b) / 2);
    }
    for (size_t i = 1; i < count; ++i) {
      boundaries[i] = (centroids[i - 1] + centroids[i]) / 2;
    }
  }
  return {centroids.begin(), centroids.end()};
}

void CheckBits(int bits) {
  if (bits < kMinBits || bits > kMaxBits) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want bits in {}..{}, got {}", kMinBits, kMaxBits, bits));
  }
}

}  // namespace

std::vector<double> ComputeGaussianLevels(std::string_view table, int bits) {
  CheckBits(bits);
  if (table == kTableLloydMax) return LloydMax(bits);
  if (table == kTablePolarQuantV1) return PublishedRounds<float>(bits, 4.0, 1e-12);
  if (table == kTablePolarQuantV1Inf) return PublishedRounds<double>(bits, kInfinity, 1e-10);
  throw Error(ErrorCode::kUnsupported,
              fmt::format("unknown table '{}' (want {}, {} or {})", table, kTableLloydMax,
                          kTablePolarQuantV1, kTablePolarQuantV1Inf));
}

std::span<const float> GaussianLevels(std::string_view table, int bits) {
  using AllWidths = std::array<std::vector<float>, kMaxBits + 1>;
  const auto compute = [](std::string_view name) {
    AllWidths widths;
    for (int width = kMinBits; width <= kMaxBits; ++width) {
      const std::vector<double> levels = ComputeGaussianLevels(name, width);
      widths[static_cast<size_t>(width)].assign(levels.begin(), levels.end());
    }
    return widths;
  };
  CheckBits(bits);
  const auto width = static_cast<size_t>(bits);
  if (table == kTableLloydMax) {
    static const AllWidths levels = compute(kTableLloydMax);
    return levels[width];
  }
  if (table == kTablePolarQuantV1) {
    static const AllWidths levels = compute(kTablePolarQuantV1);
    return levels[width];
  }
  if (table == kTablePolarQuantV1Inf) {
    static const AllWidths levels = compute(kTablePolarQuantV1Inf);
    return levels[width];
  }
  ComputeGaussianLevels(table, bits);  // throws: the name is unknown
  return {};
}

double GaussianMse(std::span<const double> levels) {
  // sum over cells of E[(X - c)^2; a < X < b] = (1 + c^2) P + (a - 2c) phi(a) - (b - 2c) phi(b).
  double mse = 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    const double c = levels[i];
    const bool first = i == 0;
    const bool last = i + 1 == levels.size();
    const double a = first ? -kInfinity : 0.5 * (levels[i - 1] + c);
    const double b = last ? kInfinity : 0.5 * (c + levels[i + 1]);
    const double at_a = first ? 0 : (a - 2 * c) * Density(a);
    const double at_b = last ? 0 : (b - 2 * c) * Density(b);
    const double probability = a >= 0   ? UpperProbability(a, b)
                               : b <= 0 ? UpperProbability(-b, -a)
                                        : Phi(b) - Phi(a);
    mse += (1 + c * c) * probability + at_a - at_b;
  }
  return mse;
}

}  // namespace hlwq::codec
