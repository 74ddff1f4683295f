#include "kernels/dot_levels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "codec/trellis_table.h"

namespace hlwq::kernels {
namespace {

// Trial steps: the largest level becomes every multiple of 1/8 in the upper half of the range.
constexpr int kTrialsPerUnit = 8;
// Cells of a table far from N(0,1) have no probability at all; they count a little nevertheless.
constexpr double kLeastProbability = 1e-6;

double NormalBelow(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// How often each level is the nearest one to a normal value.
std::vector<double> CellProbabilities(std::span<const float> levels) {
  std::vector<size_t> order(levels.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return levels[a] < levels[b]; });
  std::vector<double> probabilities(levels.size());
  double below = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    double up_to = 1;
    if (i + 1 < order.size()) {
      up_to = NormalBelow(0.5 * (double{levels[order[i]]} + double{levels[order[i + 1]]}));
    }
    probabilities[order[i]] = std::max(up_to - below, kLeastProbability);
    below = up_to;
  }
  return probabilities;
}

struct Fit {
  double step = 0;
  double error = 0;
};

// The levels rounded to multiples of `step`, and the step refitted to those integers.
Fit TryStep(std::span<const float> levels, std::span<const double> probabilities, double step) {
  double along = 0;
  double energy = 0;
  for (size_t k = 0; k < levels.size(); ++k) {
    const double rounded = std::nearbyint(double{levels[k]} / step);
    along += probabilities[k] * double{levels[k]} * rounded;
    energy += probabilities[k] * rounded * rounded;
  }
  Fit fit{along / energy, 0};
  for (size_t k = 0; k < levels.size(); ++k) {
    const double off = double{levels[k]} - fit.step * std::nearbyint(double{levels[k]} / step);
    fit.error += probabilities[k] * off * off;
  }
  return fit;
}

}  // namespace

DotLevels::DotLevels(std::span<const float> levels)
    : bits(std::countr_zero(levels.size())), width(WidthFor(bits)) {
  HLWQ_DASSERT(std::has_single_bit(levels.size()) && bits >= 1 && bits <= 8);
  double largest = 0;
  for (const float level : levels) largest = std::max(largest, std::abs(double{level}));
  std::vector<int> integers(levels.size(), 0);
  step = 1;
  if (largest == 0) {
    Fill(integers);
    return;
  }

  // The step that rounds, and the one that fits the integers best.
  double rounding = largest / kMostWide;
  double fitted = rounding;
  if (width == DotWidth::kNarrow) {
    const std::vector<double> probabilities = CellProbabilities(levels);
    double least = INFINITY;
    for (int trial = kTrialsPerUnit * kMostNarrow; 2 * trial > kTrialsPerUnit * kMostNarrow;
         --trial) {
      const double tried = largest * kTrialsPerUnit / trial;
      const Fit fit = TryStep(levels, probabilities, tried);
      if (fit.error < least) {
        least = fit.error;
        rounding = tried;
        fitted = fit.step;
      }
    }
  }
  step = static_cast<float>(fitted);
  for (size_t k = 0; k < levels.size(); ++k) {
    integers[k] = static_cast<int>(std::nearbyint(double{levels[k]} / rounding));
  }
  Fill(integers);
}

DotLevels DotLevels::OfTrellis(const codec::TrellisTable& table) {
  DotLevels made;
  made.bits = table.bits() + 1;
  made.width = WidthFor(table.bits());
  made.step = 1;
  const size_t indices = table.levels().size() / codec::kTrellisSubsets;
  std::vector<int> integers(table.levels().size());
  for (size_t i = 0; i < integers.size(); ++i) {
    const size_t at = i % codec::kTrellisSubsets * indices + i / codec::kTrellisSubsets;
    integers[at] = static_cast<int>(table.levels()[i]);
  }
  made.Fill(integers);
  return made;
}

void DotLevels::Fill(std::span<const int> integers) {
  narrow.fill(kOffset);
  for (size_t k = 0; k < wide.size(); ++k) {
    const int integer = integers[k % integers.size()];
    if (width == DotWidth::kWide) {
      wide[k] = static_cast<int16_t>(integer);
    } else if (k < narrow.size()) {
      narrow[k] = static_cast<uint8_t>(integer + kOffset);
    }
  }
}

}  // namespace hlwq::kernels
