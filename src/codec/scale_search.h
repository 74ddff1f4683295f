// The search for a block's multiplier (docs/format.md, "Scale search"): scalar reference. Trials
// run in 16-bit fixed point, where sums are exact and thus the same in any order.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/hadamard.h"
#include "tensor/float16.h"

namespace hlwq::codec {

// The scales that are tried, as factors on x = v / norm before its levels are looked up: the coarse
// ones; then, around the factor that is least-squares optimal for the codes of the best coarse one,
// the fine ones. The best of all wins; ties go to the one tried first.
struct SearchPlan {
  static constexpr size_t kCoarse = 8;
  static constexpr size_t kFine = 4;
  std::array<float, kCoarse> coarse;
  std::array<float, kFine> fine;
};
// The plan of format version 1 for codes of `bits` (1..8).
const SearchPlan& SearchPlanFor(int bits) noexcept;

// Fixed point: coordinates x in units of 2^-11 (|x| <= sqrt(128)); the other units are the table's.
inline constexpr float kCoordinateUnits = 2048.0f;

// Two grids. The byte grid has 127 steps up to the largest level, so that scaled coordinates and
// levels are bytes: for antisymmetric tables of at most 32 levels whose positive thresholds are 4
// steps apart or more. A decision that it takes wrongly is close to a threshold and costs little,
// in all trials alike; the final codes are taken in float32. The word grid is for all other tables.
struct SearchTable {
  static constexpr float kByteSteps = 127.0f;
  static constexpr size_t kMostByteLevels = 16;
  static constexpr int kLeastByteGap = 4;

  SearchTable() = default;
  // `levels` ascending, at most 15 in magnitude.
  SearchTable(std::span<const float> levels, bool is_antisymmetric);

  // Antisymmetric levels: trials see |x|, and the tables hold the positive half.
  bool by_magnitude = false;
  bool has_byte_grid = false;
  float factor_units = 1;  // steps of factors per 1: 16 times those of scaled coordinates
  float along_unit = 1;    // of sums of x c
  float levels_unit = 1;   // of sums of c^2
  std::vector<int16_t> thresholds;
  std::vector<int16_t> levels;

  // The level for a scaled coordinate: levels[number of thresholds below z].
  int16_t Level(int16_t z) const noexcept;
  // A factor below 1.6 in fixed point.
  int16_t FixedFactor(float factor) const noexcept;

 private:
  void Fill(std::span<const float> all, float scaled_units, float level_units);
  bool FitsByteGrid() const;
};

// One tried scale: sum x c and sum c^2 over the block, c the levels taken.
struct ScaleTrial {
  float along = 0;
  float levels = 0;
};

// The squared error left by the best multiplier for a trial's codes is sum x^2 - TrialScore.
inline float TrialScore(const ScaleTrial& trial) noexcept {
  return trial.along > 0 ? trial.along * trial.along / std::max(trial.levels, 1e-30f) : 0.0f;
}
// The factor whose inverse is the least-squares multiplier of the trial's codes, kept in range;
// `factor`, the one that was tried, where there is none.
inline float RefitFactor(const ScaleTrial& trial, float factor) noexcept {
  if (!(trial.along > 0)) return factor;
  return std::min(std::max(trial.levels / trial.along, 0.25f), 1.5f);
}
// value * units to nearest, ties to even, for results in the range of int16: the addition rounds.
inline int16_t RoundToFixed(float value, float units) noexcept {
  constexpr float kRounder = 0x1.8p23f;
  const int32_t bits = std::bit_cast<int32_t>(value * units + kRounder);
  return static_cast<int16_t>(bits - std::bit_cast<int32_t>(kRounder));
}
inline int16_t SearchTable::FixedFactor(float factor) const noexcept {
  return RoundToFixed(factor, factor_units);
}

// The least-squares multiplier of the trial's codes times `scale` as fp16, inside [0, 65504].
inline uint16_t RefitMultiplier(const ScaleTrial& trial, float scale) noexcept {
  const float multiplier = trial.along / std::max(trial.levels, 1e-30f) * scale;
  if (!(multiplier > 0)) return 0;
  return std::min(F32ToF16(multiplier), uint16_t{0x7BFF});
}

// The best trial for x, whose squares sum to 128 (or less, in blocks near zero).
ScaleTrial SearchScale(std::span<const float, kBlockSize> x, const SearchTable& table,
                       const SearchPlan& plan) noexcept;

}  // namespace hlwq::codec
