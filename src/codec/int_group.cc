#include "codec/int_group.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/float_rows.h"

namespace hlwq::codec {
namespace {

constexpr uint32_t kMagnitude = 0x7FFFFFFFu;
constexpr uint32_t kInfinityBits = 0x7F800000u;

using Plans = std::array<IntSearchPlan, kMaxIntBits - kMinIntBits + 1>;

Plans MakePlans() {
  struct Range {
    float widest, least, most;
  };
  // Optimal factors lie between the last two for nearly all groups of 32..256 weights, and above
  // the first for rows (docs/format-compressed-tensors.md).
  constexpr std::array<Range, kMaxIntBits - kMinIntBits + 1> kRanges = {{{0.06f, 0.34f, 1.09f},
                                                                         {0.10f, 0.49f, 1.09f},
                                                                         {0.22f, 0.64f, 1.12f},
                                                                         {0.45f, 0.75f, 1.14f},
                                                                         {0.70f, 0.85f, 1.15f},
                                                                         {0.80f, 0.93f, 1.15f},
                                                                         {0.90f, 0.97f, 1.15f}}};
  Plans plans;
  for (size_t i = 0; i < plans.size(); ++i) {
    const Range& range = kRanges[i];
    constexpr int kSteps = IntSearchPlan::kFactors - 1;
    for (int k = 0; k <= kSteps; ++k) {
      plans[i].factors[k] =
          static_cast<float>(range.least + (double{range.most} - range.least) * k / kSteps);
    }
    for (size_t k = 0; k < IntSearchPlan::kWideFactors; ++k) {
      plans[i].wide[k] = static_cast<float>(range.widest + (double{range.least} - range.widest) *
                                                               static_cast<double>(k) /
                                                               IntSearchPlan::kWideFactors);
    }
  }
  return plans;
}

// Terms added in the normative order.
class LaneSum {
 public:
  void Add(size_t index, float term) { chains_[index % kIntStep] += term; }
  float Total() {
    for (size_t half = kIntStep / 2; half > 0; half /= 2) {
      for (size_t lane = 0; lane < half; ++lane) chains_[lane] += chains_[lane + half];
    }
    return chains_[0];
  }

 private:
  std::array<float, kIntStep> chains_ = {};
};

float NearestInteger(float quotient, const IntCoding& coding) {
  return RoundedToInteger(std::min(std::max(quotient, coding.lowest()), coding.highest()));
}

float ErrorOf(std::span<const float> x, float scale, const IntCoding& coding) {
  const float inverse = 1.0f / scale;
  LaneSum error;
  for (size_t i = 0; i < x.size(); ++i) {
    const float e = x[i] - NearestInteger(x[i] * inverse, coding) * scale;
    error.Add(i, e * e);
  }
  return error.Total();
}

float RefitOf(std::span<const float> x, float scale, const IntCoding& coding) {
  const float inverse = 1.0f / scale;
  LaneSum along, levels;
  for (size_t i = 0; i < x.size(); ++i) {
    const float q = NearestInteger(x[i] * inverse, coding);
    along.Add(i, x[i] * q);
    levels.Add(i, q * q);
  }
  const float a = along.Total();
  return a > 0 ? a / levels.Total() : 0.0f;
}

}  // namespace

const IntSearchPlan& IntSearchPlanFor(int bits) noexcept {
  static const Plans plans = MakePlans();
  return plans[static_cast<size_t>(bits - kMinIntBits)];
}

bool EncodeIntGroup(std::span<const float> weights, const IntCoding& coding, std::span<float> x,
                    std::span<uint8_t> codes, std::span<std::byte> scale,
                    IntGroupSums& sums) noexcept {
  uint32_t largest = 0;
  for (const float w : weights)
    largest = std::max(largest, std::bit_cast<uint32_t>(w) & kMagnitude);
  if (largest >= kInfinityBits) return false;
  const float absmax = std::bit_cast<float>(largest);
  const IntUnit unit = IntUnitFor(absmax);
  const float base = absmax / coding.half_range();
  float stored = RoundedTo(coding.scale_dtype, base);
  if (!std::isfinite(stored)) return false;
  for (size_t i = 0; i < x.size(); ++i) x[i] = weights[i] * unit.inverse;

  sums = {};
  sums.unit = unit.unit;
  sums.is_zero = stored == 0;
  const bool is_searched = coding.rule == IntScaleRule::kMse;
  if (sums.is_zero) {
    stored = ScaleOfZeros(coding.scale_dtype);
  } else if (is_searched) {
    stored = unit.unit * SearchIntScale(
                             coding, x.size(), base, unit,
                             [&](std::span<const float> scales, std::span<float> errors) {
                               for (size_t i = 0; i < scales.size(); ++i) {
                                 errors[i] = ErrorOf(x, scales[i], coding);
                               }
                             },
                             [&](float s) { return RefitOf(x, s, coding); });
  }
  FromFloatReference(std::span(&stored, 1), coding.scale_dtype, scale);
  sums.scale = stored;

  const float in_units = stored * unit.inverse;
  const float inverse = 1.0f / in_units;
  LaneSum energy, along, levels, error;
  for (size_t i = 0; i < x.size(); ++i) {
    float q = 0;
    if (!sums.is_zero) {
      // The library's quotient is of the scale's dtype.
      q = NearestInteger(
          is_searched ? x[i] * inverse : RoundedTo(coding.scale_dtype, x[i] / in_units), coding);
    }
    const float e = x[i] - q * in_units;
    codes[i] = static_cast<uint8_t>(static_cast<int>(q - coding.lowest()));
    energy.Add(i, x[i] * x[i]);
    along.Add(i, x[i] * q);
    levels.Add(i, q * q);
    error.Add(i, e * e);
    sums.max_error = std::max(sums.max_error, std::abs(e));
  }
  sums.energy = energy.Total();
  sums.along = along.Total();
  sums.levels = levels.Total();
  sums.error = error.Total();
  return true;
}

void DecodeIntGroup(std::span<const uint8_t> codes, float scale, const IntCoding& coding,
                    std::span<float> weights) noexcept {
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = (static_cast<float>(codes[i]) + coding.lowest()) * scale;
  }
}

}  // namespace hlwq::codec
