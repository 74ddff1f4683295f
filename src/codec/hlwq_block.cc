#include "codec/hlwq_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

using Block = std::array<float, kBlockSize>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargestLevel = 1024.0f;
constexpr float kInverseBlock = 1.0f / kBlockSize;

// Fitted to the squared error of Gaussian blocks, width by width. Factor 1 is always among them, so
// that no block comes out worse than under kNorm.
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

// Nearest levels of x * scale, and the sums that tell how good they are.
ScaleTrial TryScale(const Block& x, float scale, const LevelTable& table,
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

void Search(const Block& x, const Block& v, float norm, const LevelTable& table,
            EncodedBlock& out) {
  const SearchPlan& plan = SearchPlanFor(table.bits());
  ScaleTrial best;
  float best_score = -1;
  float best_factor = 1;
  const auto consider = [&](float factor) {
    const ScaleTrial trial = TryScale(x, factor, table, nullptr);
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

  // The codes are those nearest under the multiplier as fp16 holds it, and the multiplier is fitted
  // once more to these codes: neither step can add error.
  const float first = F16ToF32(RefitMultiplier(best, norm));
  const ScaleTrial last = TryScale(v, first > 0 ? 1.0f / first : 0.0f, table, &out.codes);
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

const SearchPlan& SearchPlanFor(int bits) noexcept {
  HLWQ_DASSERT(bits >= 1 && bits <= 8);
  return kPlans[static_cast<size_t>(bits - 1)];
}

LevelTable::LevelTable(std::span<const float> levels) : levels_(levels.begin(), levels.end()) {
  const size_t count = levels.size();
  if (count < 2 || count > 256 || !std::has_single_bit(count)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want 2, 4, .. or 256 levels, got {}", count));
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
    if (k > 0) {
      const float middle = 0.5f * (levels_[k - 1] + levels_[k]);
      thresholds_.push_back(middle < 0 ? std::nextafter(middle, -kInfinity) : middle);
    }
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
