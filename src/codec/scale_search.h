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

// Fixed point: coordinates x in units of 2^-11 (|x| <= sqrt(128)), factors of 2^-14, scaled
// coordinates and thresholds of 2^-10, levels of 2^-level_shift.
inline constexpr float kCoordinateUnits = 2048.0f;
inline constexpr float kFactorUnits = 16384.0f;
inline constexpr float kThresholdUnits = 1024.0f;

struct SearchTable {
  SearchTable() = default;
  // `levels` ascending, at most 15 in magnitude.
  SearchTable(std::span<const float> levels, bool is_antisymmetric);

  // Antisymmetric levels: trials see |x|, and the tables hold the positive half.
  bool by_magnitude = false;
  int level_shift = 0;    // the largest with 128 * levels^2 below 2^31
  float along_unit = 1;   // 2^-11 * 2^-level_shift, of sums of x c
  float levels_unit = 1;  // 2^-(2 level_shift), of sums of c^2
  std::vector<int16_t> thresholds;
  std::vector<int16_t> levels;

  // The level for a scaled coordinate: levels[number of thresholds below z].
  int16_t Level(int16_t z) const noexcept;
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
// A factor below 2 in fixed point.
inline int16_t FactorToFixed(float factor) noexcept { return RoundToFixed(factor, kFactorUnits); }

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
