#include "codec/hlwq_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

using Block = std::array<float, kBlockSize>;

constexpr float kLargestLevel = 1024.0f;
constexpr float kInverseBlock = 1.0f / kBlockSize;

constexpr SearchPlan kPlan = {
    {1.0f, 0.82f, 0.87f, 0.91f, 0.955f, 1.04f, 1.09f, 1.15f},
    {0.9950f, 1.0050f, 0.9900f, 1.0100f, 0.9850f, 1.0150f, 0.9800f, 1.0200f},
};

// Nearest levels of x * scale, with the sums that the best multiplier for them needs.
struct Trial {
  float along = 0;   // sum x c
  float levels = 0;  // sum c^2
};

Trial TryScale(const Block& x, float scale, const LevelTable& table,
               std::array<uint8_t, kBlockSize>* codes) {
  Block along, squares;
  for (size_t i = 0; i < kBlockSize; ++i) {
    const uint8_t code = table.Code(x[i] * scale);
    const float c = table.levels()[code];
    along[i] = x[i] * c;
    squares[i] = c * c;
    if (codes != nullptr) (*codes)[i] = code;
  }
  return {SumBlock(along), SumBlock(squares)};
}

// The squared error left by the best multiplier is sum x^2 - Score; levels of zero leave all of it.
float Score(const Trial& trial) {
  return trial.along * trial.along / std::max(trial.levels, 1e-30f);
}

// The least-squares multiplier relative to the norm, kept inside [0, 65504] as fp16.
uint16_t RefitMultiplier(const Trial& trial, float scale) {
  const float multiplier = trial.along / std::max(trial.levels, 1e-30f) * scale;
  if (!(multiplier > 0)) return 0;
  return std::min(F32ToF16(multiplier), kLargestHalf);
}

void Search(const Block& x, const Block& v, float norm, const LevelTable& table,
            EncodedBlock& out) {
  const SearchPlan& plan = SearchPlanFor(table.bits());
  Trial best;
  float best_score = -1;
  float best_factor = 1;
  const auto consider = [&](float factor) {
    const Trial trial = TryScale(x, factor, table, nullptr);
    const float score = Score(trial);
    if (score > best_score) {
      best_score = score;
      best_factor = factor;
      best = trial;
    }
  };
  for (const float factor : plan.coarse) consider(factor);
  const float center = best_factor;
  for (const float factor : plan.fine) consider(center * factor);

  // The codes are those nearest under the multiplier as fp16 holds it, and the multiplier is fitted
  // once more to these codes: neither step can add error.
  const float first = F16ToF32(RefitMultiplier(best, norm));
  const Trial last = TryScale(v, first > 0 ? 1.0f / first : 0.0f, table, &out.codes);
  out.multiplier = RefitMultiplier(last, 1.0f);
  out.sums.along = last.along;
  out.sums.levels = last.levels;
}

void AddErrors(const Block& v, const LevelTable& table, EncodedBlock& out) {
  const float multiplier = F16ToF32(out.multiplier);
  Block error, squares;
  for (size_t i = 0; i < kBlockSize; ++i) {
    error[i] = v[i] - multiplier * table.levels()[out.codes[i]];
    squares[i] = error[i] * error[i];
  }
  out.sums.error = SumBlock(squares);
  Fwht128(error);
  float largest = 0;
  for (const float e : error) largest = std::max(largest, std::abs(e));
  out.sums.max_error = largest * kInverseBlock;
}

}  // namespace

const SearchPlan& SearchPlanFor(int /*bits*/) noexcept { return kPlan; }

LevelTable::LevelTable(std::span<const float> levels) : levels_(levels.begin(), levels.end()) {
  const size_t count = levels.size();
  if (count < 2 || count > 256 || !std::has_single_bit(count)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("want 2, 4, .. or 256 levels, got {}", count));
  }
  bits_ = std::countr_zero(count);
  can_encode_ = true;
  is_antisymmetric_ = true;
  for (size_t k = 0; k < count; ++k) {
    if (!std::isfinite(levels_[k])) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("level {} is not finite", k));
    }
    if (std::abs(levels_[k]) > kLargestLevel) can_encode_ = false;
    if (k > 0 && levels_[k] < levels_[k - 1]) can_encode_ = false;
    if (levels_[k] != -levels_[count - 1 - k]) is_antisymmetric_ = false;
    if (k > 0) thresholds_.push_back(0.5f * (levels_[k - 1] + levels_[k]));
  }
}

uint8_t LevelTable::Code(float z) const noexcept {
  const auto at = std::lower_bound(thresholds_.begin(), thresholds_.end(), z,
                                   [](float threshold, float value) { return threshold < value; });
  return static_cast<uint8_t>(at - thresholds_.begin());
}

bool EncodeBlock(std::span<const float, kBlockSize> weights, const LevelTable& table,
                 ScaleRule rule, EncodedBlock& out) noexcept {
  HLWQ_DASSERT(table.can_encode());
  Block v, terms;
  std::copy(weights.begin(), weights.end(), v.begin());
  Fwht128(v);
  for (size_t i = 0; i < kBlockSize; ++i) terms[i] = v[i] * v[i];
  out.sums.energy = SumBlock(terms);
  const float norm = std::sqrt(out.sums.energy * kInverseBlock);
  if (!(norm < kNormLimit)) return false;  // catches NaN as well

  const float divisor = std::max(norm, kNormFloor);
  const float inverse = 1.0f / divisor;
  Block x;
  for (size_t i = 0; i < kBlockSize; ++i) x[i] = v[i] * inverse;
  if (rule == ScaleRule::kSearch) {
    Search(x, v, divisor, table, out);
  } else {
    TryScale(x, 1.0f, table, &out.codes);
    out.multiplier = F32ToF16(norm);
    Block along, squares;
    for (size_t i = 0; i < kBlockSize; ++i) {
      const float c = table.levels()[out.codes[i]];
      along[i] = v[i] * c;
      squares[i] = c * c;
    }
    out.sums.along = SumBlock(along);
    out.sums.levels = SumBlock(squares);
  }
  AddErrors(v, table, out);
  return true;
}

void DecodeBlock(std::span<const uint8_t, kBlockSize> codes, uint16_t multiplier,
                 const LevelTable& table, std::span<float, kBlockSize> weights) noexcept {
  for (size_t i = 0; i < kBlockSize; ++i) weights[i] = table.levels()[codes[i]];
  Fwht128(weights);
  const float scale = F16ToF32(multiplier) * kInverseBlock;
  for (float& weight : weights) weight *= scale;
}

}  // namespace hlwq::codec
