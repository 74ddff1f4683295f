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
    double widest, least, most;
  };
  // Optimal factors lie between the last two for nearly all groups of 32..256 weights, and above
  // the first for rows of heavy tails.
  constexpr std::array<Range, kMaxIntBits - kMinIntBits + 1> kRanges = {{{0.06, 0.36, 0.85},
                                                                         {0.10, 0.49, 1.00},
                                                                         {0.22, 0.66, 1.05},
                                                                         {0.45, 0.78, 1.06},
                                                                         {0.70, 0.86, 1.10},
                                                                         {0.80, 0.94, 1.12},
                                                                         {0.90, 0.97, 1.12}}};
  Plans plans;
  for (size_t i = 0; i < plans.size(); ++i) {
    const Range& range = kRanges[i];
    constexpr int kSteps = IntSearchPlan::kFactors - 1;
    for (int k = 0; k <= kSteps; ++k) {
      plans[i].factors[k] =
          static_cast<float>(range.least + (range.most - range.least) * k / kSteps);
    }
    for (size_t k = 0; k < IntSearchPlan::kWideFactors; ++k) {
      plans[i].wide[k] =
          static_cast<float>(range.widest + (range.least - range.widest) * static_cast<double>(k) /
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
  const float c = levels.Total();
  return c > 0 ? along.Total() / c : 0.0f;
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
  float least = 0, most = 0;
  for (const float w : weights) {
    largest = std::max(largest, std::bit_cast<uint32_t>(w) & kMagnitude);
    least = std::min(least, w);
    most = std::max(most, w);
  }
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
                             coding, x.size(), base, SideOf(least, most), unit,
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
