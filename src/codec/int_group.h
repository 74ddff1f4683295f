// The arithmetic of one group of weights stored as integers with a common scale
// (docs/format-compressed-tensors.md, "Scales"): the scalar reference, and the search that every
// implementation shares. Every step is float32 in a fixed order without fused multiply-add.
#pragma once

#include <algorithm>
#include <array>
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

// Factors on the absmax scale that kMse tries besides 1, with the sign of SideOf. Long groups try
// `wide` first: the more weights, the further their largest one lies from the rest.
struct IntSearchPlan {
  static constexpr size_t kFactors = 15;
  static constexpr size_t kWideFactors = 8;
  static constexpr size_t kLongGroup = 512;
  std::array<float, kFactors> factors;
  std::array<float, kWideFactors> wide;
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

// The integer that stands for a quotient of weight and scale; NaN of NaN.
inline float NearestInteger(float quotient, const IntCoding& coding) noexcept {
  return RoundedToInteger(std::min(std::max(quotient, coding.lowest()), coding.highest()));
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

// What coding did to a group, in its units; sums as below.
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

// Sums of any number of terms: 16 lanes of two chains, lane l adding the terms l, l + 32, .. in
// order to zero, and l + 16, l + 48, .. likewise; the sum of both; then lane l takes lane l + 8, +
// 4, + 2, + 1. That of 128 terms is SumBlock's.
inline constexpr size_t kIntLanes = 16;
inline constexpr size_t kIntChains = 2;
inline constexpr size_t kIntStep = kIntLanes * kIntChains;

// Scales are tried so many at a time.
inline constexpr size_t kIntTrials = 4;

// The sign that gives the group's largest weight the side with one integer more, which is the
// negative one: -1 where max > -min.
inline float SideOf(float least, float most) noexcept { return most > -least ? -1.0f : 1.0f; }

// The scale of rule kMse, in units (`unit` of x). `base` is absmax / half_range of the weights
// themselves, whose rounding is neither zero nor infinite; `side` is SideOf them.
// `errors_of(scales, errors)`, for a multiple of kIntTrials, gives sum (x - q scale)^2 with q =
// nearest of x * (1 / scale) in range; `refit_of(scale)` gives sum x q / sum q^2 of the same q, 0
// where every q is. Never worse than the rounded base by errors_of.
template <class ErrorsOf, class RefitOf>
float SearchIntScale(const IntCoding& coding, size_t group, float base, float side, IntUnit unit,
                     const ErrorsOf& errors_of, const RefitOf& refit_of) noexcept {
  constexpr size_t kMost = 1 + IntSearchPlan::kWideFactors + IntSearchPlan::kFactors;
  static_assert(kMost % kIntTrials == 0 && (1 + IntSearchPlan::kFactors) % kIntTrials == 0);
  std::array<float, kMost> scales, errors;
  const float first = RoundedTo(coding.scale_dtype, base) * unit.inverse;
  // One that cannot be stored counts as the first, which no other equal one replaces.
  const auto in_units = [&](float scale) {
    const float stored = RoundedTo(coding.scale_dtype, scale);
    return stored != 0 && std::isfinite(stored) ? stored * unit.inverse : first;
  };
  size_t count = 0;
  scales[count++] = first;
  const IntSearchPlan& plan = IntSearchPlanFor(coding.bits);
  if (group >= IntSearchPlan::kLongGroup) {
    for (const float factor : plan.wide) scales[count++] = in_units(side * base * factor);
  }
  for (const float factor : plan.factors) scales[count++] = in_units(side * base * factor);
  errors_of(std::span<const float>(scales).first(count), std::span(errors).first(count));
  size_t best = 0;
  for (size_t i = 1; i < count; ++i) {
    if (errors[i] < errors[best]) best = i;
  }
  std::array<float, kIntTrials> last, last_errors;
  last.fill(in_units(refit_of(scales[best]) * unit.unit));
  errors_of(std::span<const float>(last), std::span(last_errors));
  return last_errors[0] < errors[best] ? last[0] : scales[best];
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
