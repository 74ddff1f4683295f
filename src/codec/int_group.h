// The arithmetic of one group of weights stored as integers with a common scale
// (docs/format-compressed-tensors.md, "Scales"): the scalar reference, and the search that every
// implementation shares. Every step is float32 in a fixed order without fused multiply-add.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"
#include "tensor/float16.h"

namespace hlwq::codec {

enum class IntScaleRule : uint8_t {
  kAbsmax,  // the largest weight at the end of the range, as the compressed-tensors library rounds
  kMse,     // the scale with the least squared error among those tried
};

inline constexpr int kMinIntBits = 2;
inline constexpr int kMaxIntBits = 8;

// Factors on the absmax scale that kMse tries. Long groups try `wide` first: the more weights, the
// further their largest one lies from the rest.
struct IntSearchPlan {
  static constexpr size_t kFactors = 16;
  static constexpr size_t kWideFactors = 8;
  static constexpr size_t kLongGroup = 512;
  float factors[kFactors];
  float wide[kWideFactors];
};
const IntSearchPlan& IntSearchPlanFor(int bits) noexcept;

// How groups are coded. Integers are q in lowest()..highest(); stored is the code q - lowest().
struct IntCoding {
  int bits = 4;
  DType scale_dtype = DType::kBF16;  // F16, BF16 or F32
  IntScaleRule rule = IntScaleRule::kMse;

  float lowest() const noexcept { return -static_cast<float>(1 << (bits - 1)); }
  float highest() const noexcept { return static_cast<float>((1 << (bits - 1)) - 1); }
  float half_range() const noexcept { return static_cast<float>((1 << bits) - 1) / 2; }
};

// Of `dtype` (F16, BF16 or F32), the nearest to `value`, ties to even.
inline float RoundedTo(DType dtype, float value) noexcept {
  if (dtype == DType::kBF16) return BF16ToF32(F32ToBF16(value));
  if (dtype == DType::kF16) return F16ToF32(F32ToF16(value));
  return value;
}
// Machine epsilon of `dtype`: the scale of groups without weights, as the library stores it.
inline float ScaleOfZeros(DType dtype) noexcept {
  if (dtype == DType::kBF16) return 0x1p-7f;
  return dtype == DType::kF16 ? 0x1p-10f : 0x1p-23f;
}

// `value` with |value| < 2^22 to an integer, ties to even.
inline float RoundedToInteger(float value) noexcept {
  constexpr float kShift = 0x1.8p23f;
  return (value + kShift) - kShift;
}

// Weights are worked on in units of a power of two, so that no square leaves float32:
// weight = x * unit, 1 <= max |x| < 4 where that is not subnormal.
struct IntUnit {
  float unit = 1;
  float inverse = 1;
};
inline IntUnit IntUnitFor(float absmax) noexcept {
  const int biased = static_cast<int>(std::bit_cast<uint32_t>(absmax) >> 23);
  const int exponent = biased < 1 ? 1 : biased > 253 ? 253 : biased;
  return {std::bit_cast<float>(static_cast<uint32_t>(exponent) << 23),
          std::bit_cast<float>(static_cast<uint32_t>(254 - exponent) << 23)};
}

// What coding did to a group, in its units; sums in the order of SumLanes.
struct IntGroupSums {
  float unit = 1;
  float scale = 0;       // as stored; with codes all zero where nothing could be kept
  float energy = 0;      // sum x^2
  float along = 0;       // sum x q
  float levels = 0;      // sum q^2
  float error = 0;       // sum (x - q scale / unit)^2
  float max_error = 0;   // largest |x - q scale / unit|
  bool is_zero = false;  // absmax, seen through the scale's dtype, is zero
};

// Sums of any number of terms: 16 lanes, lane l adds the terms l, l + 16, .. in order to zero; then
// lane l takes lane l + 8, + 4, + 2, + 1.
inline constexpr size_t kIntLanes = 16;
inline float SumLanes(std::span<float, kIntLanes> lanes) noexcept {
  for (size_t half = kIntLanes / 2; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

// The scale of rule kMse, in units (`unit` of x). `base` is absmax / half_range of the weights
// themselves, whose rounding is neither zero nor infinite. `error_of(scale)` gives sum (x - q
// scale)^2 with q = nearest of x * (1 / scale) in range; `refit_of(scale)` gives sum x q / sum q^2
// of the same q, 0 where that is not positive. Never worse than the rounded base by error_of.
template <class ErrorOf, class RefitOf>
float SearchIntScale(const IntCoding& coding, size_t group, float base, IntUnit unit,
                     const ErrorOf& error_of, const RefitOf& refit_of) noexcept {
  float best = RoundedTo(coding.scale_dtype, base) * unit.inverse;
  float least = error_of(best);
  const auto consider = [&](float scale) {
    const float stored = RoundedTo(coding.scale_dtype, scale);
    if (!(stored > 0) || !std::isfinite(stored)) return;
    const float in_units = stored * unit.inverse;
    const float error = error_of(in_units);
    if (error < least) {
      least = error;
      best = in_units;
    }
  };
  const IntSearchPlan& plan = IntSearchPlanFor(coding.bits);
  if (group >= IntSearchPlan::kLongGroup) {
    for (const float factor : plan.wide) consider(base * factor);
  }
  for (const float factor : plan.factors) consider(base * factor);
  consider(refit_of(best) * unit.unit);
  return best;
}

// Codes one group: `codes` as long as `weights`, `scale` one value of coding.scale_dtype; `x` is
// scratch of the same length. False when the group cannot be stored: a value is not finite or the
// scale overflows its dtype.
bool EncodeIntGroup(std::span<const float> weights, const IntCoding& coding, std::span<float> x,
                    std::span<uint8_t> codes, std::span<std::byte> scale,
                    IntGroupSums& sums) noexcept;

// weights = (codes + lowest) * scale.
void DecodeIntGroup(std::span<const uint8_t> codes, float scale, const IntCoding& coding,
                    std::span<float> weights) noexcept;

}  // namespace hlwq::codec
