// One group at a time: its weights in units of a power of two stay in scratch, and every pass over
// them is a few operations a vector. Scales are tried several at once, so that weights are loaded
// once for all of them and no sum waits for another.
#if defined(HLWQ_KERNELS_CPU_INT_GROUPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_INT_GROUPS_INL_H_
#undef HLWQ_KERNELS_CPU_INT_GROUPS_INL_H_
#else
#define HLWQ_KERNELS_CPU_INT_GROUPS_INL_H_
#endif

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/int_group.h"
#include "hwy/highway.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/int_groups_arguments.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr uint32_t kMagnitudeBits = 0x7FFFFFFFu;
constexpr uint32_t kInfinityBits = 0x7F800000u;
// Added to |t| < 2^22 it leaves round(t) in the low bits, ties to even.
constexpr float kRoundingShift = 0x1.8p23f;

constexpr size_t kStepVectors = codec::kIntStep / kLanes;
// Trials whose sums and scales fit the registers.
constexpr size_t kAtOnce = kLanes >= 16 ? 4 : kLanes >= 8 ? 2 : 1;
static_assert(codec::kIntTrials % kAtOnce == 0);
static_assert(codec::kIntLanes == kVectorsPerGroup * kLanes);

// Sums the terms of a group as codec::EncodeIntGroup does.
class GroupSum {
 public:
  HWY_INLINE GroupSum() {
    for (VF& sum : sums_) sum = hn::Zero(DF());
  }
  // `index` is that of the vector in its step.
  HWY_INLINE void Add(size_t index, VF term) { sums_[index] = hn::Add(sums_[index], term); }
  // Lanes 0..3 after the halvings; FinishSums does the rest.
  HWY_INLINE void StoreFour(float* HWY_RESTRICT to) const {
    VF group[kVectorsPerGroup];
    for (size_t j = 0; j < kVectorsPerGroup; ++j) {
      group[j] = hn::Add(sums_[j], sums_[j + kVectorsPerGroup]);
    }
    HalveToFour(group, to);
  }

 private:
  VF sums_[kStepVectors];
};

// The range of the integers.
struct IntRange {
  VF lowest, highest;

  explicit HWY_INLINE IntRange(const codec::IntCoding& coding)
      : lowest(hn::Set(DF(), coding.lowest())), highest(hn::Set(DF(), coding.highest())) {}

  // round(clamp(t)) + kRoundingShift.
  HWY_INLINE VF Shifted(VF t) const {
    return hn::Add(hn::Min(hn::Max(t, lowest), highest), hn::Set(DF(), kRoundingShift));
  }
  HWY_INLINE VF Nearest(VF t) const { return hn::Sub(Shifted(t), hn::Set(DF(), kRoundingShift)); }
};

struct GroupReach {
  uint32_t magnitude = 0;  // the bits of the largest |w|, also where that is not finite
  float side = 1;          // SideOf, where all are finite
};

// The weights of a group, padded with zeros to whole steps.
template <class Format>
HWY_ATTR GroupReach LoadGroup(const uint8_t* HWY_RESTRICT from, size_t group, size_t padded,
                              float* HWY_RESTRICT x) {
  VI largest = hn::Zero(DI());
  VF least = hn::Zero(DF());
  VF most = least;
  const VI mask = hn::Set(DI(), static_cast<int32_t>(kMagnitudeBits));
  const auto take = [&](VF w, size_t at) HWY_ATTR {
    largest = hn::Max(largest, hn::And(hn::BitCast(DI(), w), mask));
    least = hn::Min(least, w);
    most = hn::Max(most, w);
    hn::StoreU(w, DF(), x + at);
  };
  size_t at = 0;
  for (; at + kLanes <= group; at += kLanes) {
    take(Format::LoadNumber(DF(), from + at * Format::kBytes), at);
  }
  if (at < group) {
    take(LoadFirstAs<Format>(from + at * Format::kBytes, group - at), at);
    at += kLanes;
  }
  for (; at < padded; at += kLanes) hn::StoreU(hn::Zero(DF()), DF(), x + at);
  const float lowest = hn::GetLane(hn::MinOfLanes(DF(), least));
  return {static_cast<uint32_t>(hn::GetLane(hn::MaxOfLanes(DI(), largest))),
          codec::SideOf(lowest, MaxLane(most))};
}

inline HWY_ATTR void ScaleGroup(size_t padded, float factor, float* HWY_RESTRICT x) {
  const VF v = hn::Set(DF(), factor);
  for (size_t at = 0; at < padded; at += kLanes) {
    hn::StoreU(hn::Mul(hn::LoadU(DF(), x + at), v), DF(), x + at);
  }
}

// errors_of of SearchIntScale.
inline HWY_ATTR void TryScales(const float* HWY_RESTRICT x, size_t padded,
                               const codec::IntCoding& coding, std::span<const float> scales,
                               std::span<float> errors) {
  const IntRange range(coding);
  alignas(16) float rows[4 * codec::kIntTrials];
  alignas(16) float finished[codec::kIntTrials];
  for (size_t first = 0; first < scales.size(); first += codec::kIntTrials) {
    for (size_t part = 0; part < codec::kIntTrials; part += kAtOnce) {
      VF scale[kAtOnce], inverse[kAtOnce];
      for (size_t t = 0; t < kAtOnce; ++t) {
        const float s = scales[first + part + t];
        scale[t] = hn::Set(DF(), s);
        inverse[t] = hn::Set(DF(), 1.0f / s);
      }
      GroupSum sums[kAtOnce];
      for (size_t at = 0; at < padded; at += codec::kIntStep) {
        for (size_t j = 0; j < kStepVectors; ++j) {
          const VF v = hn::LoadU(DF(), x + at + j * kLanes);
          for (size_t t = 0; t < kAtOnce; ++t) {
            const VF q = range.Nearest(hn::Mul(v, inverse[t]));
            const VF e = hn::Sub(v, hn::Mul(q, scale[t]));
            sums[t].Add(j, hn::Mul(e, e));
          }
        }
      }
      for (size_t t = 0; t < kAtOnce; ++t) sums[t].StoreFour(rows + 4 * (part + t));
    }
    FinishSums(rows, finished);
    std::memcpy(errors.data() + first, finished, sizeof finished);
  }
}

// refit_of of SearchIntScale.
inline HWY_ATTR float RefitScale(const float* HWY_RESTRICT x, size_t padded,
                                 const codec::IntCoding& coding, float scale) {
  const IntRange range(coding);
  const VF inverse = hn::Set(DF(), 1.0f / scale);
  GroupSum along, levels;
  for (size_t at = 0; at < padded; at += codec::kIntStep) {
    for (size_t j = 0; j < kStepVectors; ++j) {
      const VF v = hn::LoadU(DF(), x + at + j * kLanes);
      const VF q = range.Nearest(hn::Mul(v, inverse));
      along.Add(j, hn::Mul(v, q));
      levels.Add(j, hn::Mul(q, q));
    }
  }
  alignas(16) float rows[16] = {};
  alignas(16) float sums[4];
  along.StoreFour(rows);
  levels.StoreFour(rows + 4);
  FinishSums(rows, sums);
  return sums[1] > 0 ? sums[0] / sums[1] : 0.0f;
}

// As Format holds it.
template <class Format>
HWY_INLINE VF Rounded(VF v) {
  alignas(64) uint8_t bytes[kLanes * Format::kBytes];
  Format::Store(v, bytes);
  return Format::Load(bytes);
}
HWY_INLINE VF RoundedAs(DType dtype, VF v) {
  if (dtype == DType::kBF16) return Rounded<Bf16Format>(v);
  return dtype == DType::kF16 ? Rounded<F16Format>(v) : v;
}

HWY_INLINE void StoreFirstCodes(VI codes, size_t count, uint8_t* HWY_RESTRICT to) {
  const hn::Rebind<uint8_t, DF> d8;
  if (count >= kLanes) {
    hn::StoreU(hn::DemoteTo(d8, codes), d8, to);
    return;
  }
  alignas(16) uint8_t bytes[kLanes];
  hn::StoreU(hn::DemoteTo(d8, codes), d8, bytes);
  std::memcpy(to, bytes, count);
}

// Codes and sums of a group whose scale is chosen.
inline HWY_ATTR void CodeGroup(const float* HWY_RESTRICT x, size_t group, size_t padded,
                               const codec::IntCoding& coding, float scale,
                               uint8_t* HWY_RESTRICT codes, codec::IntGroupSums& sums) {
  const IntRange range(coding);
  const bool is_searched = coding.rule == codec::IntScaleRule::kMse;
  const VF s = hn::Set(DF(), scale);
  const VF inverse = hn::Set(DF(), 1.0f / scale);
  const VI shift = hn::Set(DI(), static_cast<int32_t>(std::bit_cast<uint32_t>(kRoundingShift)) +
                                     static_cast<int32_t>(coding.lowest()));
  GroupSum energy, along, levels, error;
  VF largest = hn::Zero(DF());
  for (size_t at = 0; at < padded; at += codec::kIntStep) {
    for (size_t j = 0; j < kStepVectors; ++j) {
      const size_t begin = at + j * kLanes;
      const VF v = hn::LoadU(DF(), x + begin);
      VF quotient = hn::Zero(DF());
      if (!sums.is_zero) {
        quotient = is_searched ? hn::Mul(v, inverse) : RoundedAs(coding.scale_dtype, hn::Div(v, s));
      }
      const VF shifted = range.Shifted(quotient);
      const VF q = hn::Sub(shifted, hn::Set(DF(), kRoundingShift));
      const VF e = hn::Sub(v, hn::Mul(q, s));
      if (begin < group) {
        StoreFirstCodes(hn::Sub(hn::BitCast(DI(), shifted), shift), group - begin, codes + begin);
      }
      energy.Add(j, hn::Mul(v, v));
      along.Add(j, hn::Mul(v, q));
      levels.Add(j, hn::Mul(q, q));
      error.Add(j, hn::Mul(e, e));
      largest = hn::Max(largest, hn::Abs(e));
    }
  }
  alignas(16) float rows[16];
  alignas(16) float finished[4];
  energy.StoreFour(rows);
  along.StoreFour(rows + 4);
  levels.StoreFour(rows + 8);
  error.StoreFour(rows + 12);
  FinishSums(rows, finished);
  sums.energy = finished[0];
  sums.along = finished[1];
  sums.levels = finished[2];
  sums.error = finished[3];
  sums.max_error = MaxLane(largest);
}

HWY_INLINE void StoreScale(DType dtype, float scale, uint8_t* HWY_RESTRICT to) {
  if (dtype == DType::kF32) {
    std::memcpy(to, &scale, sizeof scale);
  } else {
    const uint16_t half = dtype == DType::kBF16 ? F32ToBF16(scale) : F32ToF16(scale);
    std::memcpy(to, &half, sizeof half);
  }
}

template <class Format>
HWY_ATTR size_t EncodeIntWith(const EncodeIntArguments& args) {
  const codec::IntCoding coding = args.coding;
  const size_t padded = (args.group + codec::kIntStep - 1) / codec::kIntStep * codec::kIntStep;
  const size_t scale_bytes = coding.scale_dtype == DType::kF32 ? 4 : 2;
  float* HWY_RESTRICT x = args.scratch;
  for (size_t i = 0; i < args.count; ++i) {
    const GroupReach reach =
        LoadGroup<Format>(args.weights + i * args.group * Format::kBytes, args.group, padded, x);
    if (reach.magnitude >= kInfinityBits) return i;
    const float absmax = std::bit_cast<float>(reach.magnitude);
    const codec::IntUnit unit = codec::IntUnitFor(absmax);
    const float base = absmax / coding.half_range();
    float stored = codec::RoundedTo(coding.scale_dtype, base);
    if (!std::isfinite(stored)) return i;
    ScaleGroup(padded, unit.inverse, x);

    codec::IntGroupSums& sums = args.sums[i];
    sums = {};
    sums.unit = unit.unit;
    sums.is_zero = stored == 0;
    if (sums.is_zero) {
      stored = codec::ScaleOfZeros(coding.scale_dtype);
    } else if (coding.rule == codec::IntScaleRule::kMse) {
      stored = unit.unit * codec::SearchIntScale(
                               coding, args.group, base, reach.side, unit,
                               [&](std::span<const float> scales, std::span<float> errors) {
                                 TryScales(x, padded, coding, scales, errors);
                               },
                               [&](float s) { return RefitScale(x, padded, coding, s); });
    }
    sums.scale = stored;
    StoreScale(coding.scale_dtype, stored, args.scales + i * scale_bytes);
    CodeGroup(x, args.group, padded, coding, stored * unit.inverse, args.codes + i * args.group,
              sums);
  }
  return args.count;
}

template <class Format>
HWY_ATTR void DecodeIntWith(const DecodeIntArguments& args) {
  const VF lowest = hn::Set(DF(), args.coding.lowest());
  const hn::Rebind<uint8_t, DF> d8;
  const auto decode = [&](const uint8_t* codes, VF scale) HWY_ATTR {
    const VF code = hn::ConvertTo(DF(), hn::PromoteTo(DI(), hn::LoadU(d8, codes)));
    return hn::Mul(hn::Add(code, lowest), scale);
  };
  const size_t scale_bytes = args.coding.scale_dtype == DType::kF32 ? 4 : 2;
  for (size_t i = 0; i < args.count; ++i) {
    const uint8_t* stored = args.scales + i * scale_bytes;
    float value;
    if (scale_bytes == 4) {
      std::memcpy(&value, stored, sizeof value);
    } else {
      uint16_t half;
      std::memcpy(&half, stored, sizeof half);
      value = args.coding.scale_dtype == DType::kBF16 ? BF16ToF32(half) : F16ToF32(half);
    }
    const VF scale = hn::Set(DF(), value);
    const uint8_t* codes = args.codes + i * args.group;
    uint8_t* weights = args.weights + i * args.group * Format::kBytes;
    size_t at = 0;
    for (; at + kLanes <= args.group; at += kLanes) {
      Format::Store(decode(codes + at, scale), weights + at * Format::kBytes);
    }
    if (at == args.group) continue;
    alignas(16) uint8_t last[kLanes] = {};
    alignas(64) uint8_t bytes[kLanes * Format::kBytes];
    std::memcpy(last, codes + at, args.group - at);
    Format::Store(decode(last, scale), bytes);
    std::memcpy(weights + at * Format::kBytes, bytes, (args.group - at) * Format::kBytes);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
