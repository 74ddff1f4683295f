// The arithmetic of one block of 128 weights (docs/format.md, "Encoder" and "Decoder"): the scalar
// reference. Every step is float32 in a fixed order without fused multiply-add, so that any
// implementation can produce the same bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/hadamard.h"
#include "tensor/float16.h"

namespace hlwq::codec {

enum class ScaleRule : uint8_t {
  kNorm,    // the multiplier is the block's norm
  kSearch,  // the multiplier with the least squared error among those tried, see SearchPlan
};

// The scales that kSearch tries, as factors on x = v / norm before its levels are looked up: the
// coarse ones; then, around the factor that is least-squares optimal for the codes of the best
// coarse one, the fine ones. The best of all wins; ties go to the one tried first.
struct SearchPlan {
  static constexpr size_t kCoarse = 8;
  static constexpr size_t kFine = 4;
  std::array<float, kCoarse> coarse;
  std::array<float, kFine> fine;
};
// The plan of format version 1 for codes of `bits` (1..8).
const SearchPlan& SearchPlanFor(int bits) noexcept;

// One tried scale: sums over the block in the order of SumBlock, c the levels taken.
struct ScaleTrial {
  float along = 0;   // sum x c
  float levels = 0;  // sum c^2
};

// The squared error left by the best multiplier for a trial's codes is sum x^2 - TrialScore.
inline float TrialScore(const ScaleTrial& trial) noexcept {
  return trial.along > 0 ? trial.along * trial.along / std::max(trial.levels, 1e-30f) : 0.0f;
}
// The factor whose inverse is the least-squares multiplier of the trial's codes; `factor`, the one
// that was tried, where there is none.
inline float RefitFactor(const ScaleTrial& trial, float factor) noexcept {
  return trial.along > 0 ? std::min(trial.levels / trial.along, 1e6f) : factor;
}
// The least-squares multiplier of the trial's codes times `scale` as fp16, inside [0, 65504].
inline uint16_t RefitMultiplier(const ScaleTrial& trial, float scale) noexcept {
  const float multiplier = trial.along / std::max(trial.levels, 1e-30f) * scale;
  if (!(multiplier > 0)) return 0;
  return std::min(F32ToF16(multiplier), uint16_t{0x7BFF});
}

// Levels with the thresholds between them. Threshold k is t = 0.5f * (levels[k] + levels[k + 1]),
// or the next float below t where t is negative, so that a tie goes to the level nearer to zero.
class LevelTable {
 public:
  // `levels` is 2^bits values. Throws Error{kInvalidArgument} when the count is not a power of two
  // in 2..256 or a value is not finite.
  explicit LevelTable(std::span<const float> levels);

  int bits() const noexcept { return bits_; }
  std::span<const float> levels() const noexcept { return levels_; }
  std::span<const float> thresholds() const noexcept { return thresholds_; }
  // Ascending and at most 1024 in magnitude: what the encoder asks of levels.
  bool can_encode() const noexcept { return can_encode_; }
  // levels[k] == -levels[n - 1 - k] for all k.
  bool is_antisymmetric() const noexcept { return is_antisymmetric_; }

  // Nearest level: the number of thresholds below z. Zero between two levels goes to the lower one.
  // NaN is code 0.
  uint8_t Code(float z) const noexcept;

 private:
  int bits_ = 0;
  bool can_encode_ = false;
  bool is_antisymmetric_ = false;
  std::vector<float> levels_;
  std::vector<float> thresholds_;
};

// A norm at or above this rounds to infinity in fp16: the block cannot be stored.
inline constexpr float kNormLimit = 65520.0f;
// Norms are raised to this before dividing by them, as the published tools do.
inline constexpr float kNormFloor = 1e-10f;

// Sums over one block, in float32 and the order of SumBlock. All but `energy` are of the stored
// multiplier and codes. v = Fwht128(w), c the levels of the codes, m the decoded multiplier.
struct BlockSums {
  float energy = 0;     // sum v^2 = 128 sum w^2
  float along = 0;      // sum v c
  float levels = 0;     // sum c^2
  float error = 0;      // sum (v - m c)^2 = 128 sum (w - w')^2, padding included
  float max_error = 0;  // largest |w - w'|, padding included
};

struct EncodedBlock {
  std::array<uint8_t, kBlockSize> codes;
  uint16_t multiplier = 0;  // fp16
  BlockSums sums;
};

// Codes one block (zeros where it is padded). False when the block cannot be stored: a value is not
// finite or the norm is kNormLimit or more; `out` is then unspecified. Requires table.can_encode().
bool EncodeBlock(std::span<const float, kBlockSize> weights, const LevelTable& table,
                 ScaleRule rule, EncodedBlock& out) noexcept;

// weights = Fwht128(levels[codes]) * (multiplier / 128). Codes below 2^bits.
void DecodeBlock(std::span<const uint8_t, kBlockSize> codes, uint16_t multiplier,
                 const LevelTable& table, std::span<float, kBlockSize> weights) noexcept;

}  // namespace hlwq::codec
