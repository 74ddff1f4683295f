#include "codec/scale_search.h"

#include <cmath>

#include "base/error.h"

namespace hlwq::codec {
namespace {

// Fitted to the squared error of Gaussian blocks, width by width. Factor 1 is always among them, so
// that hardly any block comes out worse than under ScaleRule::kNorm.
constexpr std::array<SearchPlan, 8> kPlans = {{
    {{1, 0.94f, 0.97f, 1.03f, 1.06f, 1.1f, 1.15f, 1.2f}, {0.96f, 0.985f, 1.01f, 1.035f}},
    {{0.83f, 0.882f, 0.941f, 1, 1.045f, 1.087f, 1.122f, 1.17f}, {0.959f, 0.975f, 0.99f, 1.015f}},
    {{0.752f, 0.849f, 0.917f, 1, 1.043f, 1.102f, 1.177f, 1.266f}, {0.968f, 0.988f, 1.011f, 1.03f}},
    {{0.758f, 0.827f, 0.897f, 0.945f, 1, 1.095f, 1.184f, 1.284f}, {0.967f, 0.988f, 1.01f, 1.031f}},
    {{0.783f, 0.863f, 0.93f, 1, 1.063f, 1.132f, 1.209f, 1.295f}, {0.97f, 0.988f, 1.01f, 1.031f}},
    {{0.84f, 0.922f, 1, 1.037f, 1.076f, 1.118f, 1.165f, 1.218f}, {0.983f, 0.993f, 1.007f, 1.017f}},
    {{0.839f, 0.903f, 1, 1.092f, 1.119f, 1.147f, 1.174f, 1.204f}, {0.964f, 0.994f, 1.003f, 1.009f}},
    {{0.79f, 0.901f, 1, 1.06f, 1.111f, 1.123f, 1.16f, 1.211f}, {0.981f, 0.997f, 1.001f, 1.004f}},
}};

constexpr float kWordUnits = 1024.0f;  // steps per 1 of scaled coordinates on the word grid

using Coordinates = std::array<int16_t, kBlockSize>;

ScaleTrial TryFactor(const Coordinates& x, float factor, const SearchTable& table) {
  const int32_t scale = table.FixedFactor(factor);
  int32_t along = 0;
  int32_t levels = 0;
  for (const int16_t coordinate : x) {
    const auto z = static_cast<int16_t>((coordinate * scale + (1 << 14)) >> 15);
    const int32_t c = table.Level(z);
    along += coordinate * c;
    levels += c * c;
  }
  return {static_cast<float>(along) * table.along_unit,
          static_cast<float>(levels) * table.levels_unit};
}

}  // namespace

const SearchPlan& SearchPlanFor(int bits) noexcept {
  HLWQ_DASSERT(bits >= 1 && bits <= 8);
  return kPlans[static_cast<size_t>(bits - 1)];
}

SearchTable::SearchTable(std::span<const float> all, bool is_antisymmetric)
    : by_magnitude(is_antisymmetric) {
  if (by_magnitude) all = all.last(all.size() / 2);
  float largest = 0;
  for (const float level : all) largest = std::max(largest, std::abs(level));
  if (by_magnitude && all.size() <= kMostByteLevels) {
    // No finer than the word grid, where factors fill their 16 bits.
    const float units = std::min(kByteSteps / largest, kWordUnits);
    Fill(all, units, units);
    has_byte_grid = FitsByteGrid();
    if (has_byte_grid) return;
  }
  // Sums of c^2 stay below 2^31, and with sum x^2 = 128 * 2^22 so do sums of x c.
  float level_units = 2048.0f;
  while (level_units > 1 && largest * level_units + 1 >= 4095.0f) level_units *= 0.5f;
  Fill(all, kWordUnits, level_units);
}

void SearchTable::Fill(std::span<const float> all, float scaled_units, float level_units) {
  factor_units = scaled_units * 16;
  along_unit = 1 / level_units / kCoordinateUnits;
  levels_unit = 1 / level_units / level_units;
  thresholds.clear();
  levels.clear();
  for (size_t k = 0; k < all.size(); ++k) {
    levels.push_back(RoundToFixed(all[k], level_units));
    if (k == 0) continue;
    // The z above the threshold are those above the middle; as in LevelTable, a tie goes toward
    // zero.
    const float middle = 0.5f * (all[k - 1] + all[k]) * scaled_units;
    thresholds.push_back(
        static_cast<int16_t>(middle < 0 ? std::ceil(middle) - 1 : std::floor(middle)));
  }
}

bool SearchTable::FitsByteGrid() const {
  for (size_t k = 1; k < thresholds.size(); ++k) {
    if (thresholds[k] - thresholds[k - 1] < kLeastByteGap) return false;
  }
  return true;
}

int16_t SearchTable::Level(int16_t z) const noexcept {
  const auto at = std::lower_bound(thresholds.begin(), thresholds.end(), z);
  return levels[static_cast<size_t>(at - thresholds.begin())];
}

ScaleTrial SearchScale(std::span<const float, kBlockSize> x, const SearchTable& table,
                       const SearchPlan& plan) noexcept {
  Coordinates fixed;
  for (size_t i = 0; i < kBlockSize; ++i) {
    fixed[i] = RoundToFixed(table.by_magnitude ? std::abs(x[i]) : x[i], kCoordinateUnits);
  }
  ScaleTrial best;
  float best_score = -1;
  float best_factor = 1;
  const auto consider = [&](float factor) {
    const ScaleTrial trial = TryFactor(fixed, factor, table);
    const float score = TrialScore(trial);
    if (score > best_score) {
      best_score = score;
      best_factor = factor;
      best = trial;
    }
  };
  for (const float factor : plan.coarse) consider(factor);
  const float center = RefitFactor(best, best_factor);
  for (const float factor : plan.fine) consider(center * factor);
  return best;
}

}  // namespace hlwq::codec
