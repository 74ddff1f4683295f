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
constexpr float kLargestLevel = 15.0f;
constexpr float kInverseBlock = 1.0f / kBlockSize;

// Nearest levels of x * scale, and the sums that tell how good they are.
ScaleTrial TryScale(const Block& x, float scale, const LevelTable& table,
                    std::array<uint8_t, kBlockSize>& codes) {
  Block along, squares;
  for (size_t i = 0; i < kBlockSize; ++i) {
    const uint8_t code = table.Code(x[i] * scale);
    const float c = table.levels()[code];
    along[i] = x[i] * c;
    squares[i] = c * c;
    codes[i] = code;
  }
  return {SumBlock(along), SumBlock(squares)};
}

void Search(const Block& x, const Block& v, float norm, const LevelTable& table,
            EncodedBlock& out) {
  const ScaleTrial best = SearchScale(x, table.search(), SearchPlanFor(table.bits()));
  // The codes are those nearest under the multiplier as fp16 holds it, and the multiplier is fitted
  // once more to these codes: neither step can add error.
  const float first = F16ToF32(RefitMultiplier(best, norm));
  const ScaleTrial last = TryScale(v, first > 0 ? 1.0f / first : 0.0f, table, out.codes);
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
  if (can_encode_) search_ = SearchTable(levels_, is_antisymmetric_);
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
    TryScale(x, 1.0f, table, out.codes);
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
