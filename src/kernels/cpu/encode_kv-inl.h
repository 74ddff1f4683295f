// Codes keys or values of 16 tokens, for one target: lanes are tokens.
#if defined(HLWQ_KERNELS_CPU_ENCODE_KV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ENCODE_KV_INL_H_
#undef HLWQ_KERNELS_CPU_ENCODE_KV_INL_H_
#else
#define HLWQ_KERNELS_CPU_ENCODE_KV_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "codec/kv_tile.h"
#include "hwy/highway.h"
#include "kernels/cpu/encode_kv_arguments.h"
#include "kernels/cpu/lanes-inl.h"
#include "tensor/float16.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kTokenVectors = kKvEncodeTokens / kLanes;
constexpr int kScaleRounds = 4;

// values [rotation][16]: the normalised transform of every column.
HWY_INLINE void RotateColumns(size_t rotation, float* HWY_RESTRICT values) {
  for (size_t distance = rotation / 2; distance > 0; distance /= 2) {
    for (size_t i = 0; i < rotation; ++i) {
      if ((i & distance) != 0) continue;
      float* HWY_RESTRICT a = values + i * kKvEncodeTokens;
      float* HWY_RESTRICT b = a + distance * kKvEncodeTokens;
      for (size_t n = 0; n < kKvEncodeTokens; n += kLanes) {
        const VF first = hn::Load(DF(), a + n), second = hn::Load(DF(), b + n);
        hn::Store(hn::Add(first, second), DF(), a + n);
        hn::Store(hn::Sub(first, second), DF(), b + n);
      }
    }
  }
  const VF normal = hn::Set(DF(), 1 / std::sqrt(static_cast<float>(rotation)));
  for (size_t i = 0; i < rotation * kKvEncodeTokens; i += kLanes) {
    hn::Store(hn::Mul(hn::Load(DF(), values + i), normal), DF(), values + i);
  }
}

// The magnitudes among the levels of a code.
struct Magnitudes {
  size_t count = 0;  // of boundaries between them
  float first = 0;   // the smallest
  float boundaries[7], steps[7];

  explicit Magnitudes(int bits) {
    const auto& levels = codec::KvLevels(bits);
    const size_t half = size_t{1} << (bits - 1);
    first = levels[half] * codec::kKvLevelUnit;
    count = half - 1;
    for (size_t i = 0; i < count; ++i) {
      const int low = levels[half + i], high = levels[half + i + 1];
      boundaries[i] = 0.5f * static_cast<float>(low + high) * codec::kKvLevelUnit;
      steps[i] = static_cast<float>(high - low) * codec::kKvLevelUnit;
    }
  }

  // The nearest to a magnitude.
  HWY_INLINE VF Nearest(VF magnitude) const {
    VF level = hn::Set(DF(), first);
    for (size_t i = 0; i < count; ++i) {
      const auto above = hn::Gt(magnitude, hn::Set(DF(), boundaries[i]));
      level = hn::Add(level, hn::IfThenElseZero(above, hn::Set(DF(), steps[i])));
    }
    return level;
  }
  // And its number.
  HWY_INLINE VI NumberOf(VF magnitude) const {
    VI number = hn::Zero(DI());
    for (size_t i = 0; i < count; ++i) {
      const auto above = hn::Gt(magnitude, hn::Set(DF(), boundaries[i]));
      number = hn::Sub(number, hn::VecFromMask(DI(), hn::RebindMask(DI(), above)));
    }
    return number;
  }
};

// 1 / m; 0 where m is 0.
HWY_INLINE VF InverseOf(VF m) {
  const auto is_zero = hn::Eq(m, hn::Zero(DF()));
  return hn::IfThenZeroElse(is_zero, hn::Div(hn::Set(DF(), 1), m));
}

// The multipliers of the columns of values [scaled][16], for codes of 2 to 4 bits.
HWY_INLINE VF BestMultipliers(const Magnitudes& magnitudes, float largest_level, size_t scaled,
                              const float* HWY_RESTRICT values) {
  VF squares = hn::Zero(DF());
  for (size_t i = 0; i < scaled; ++i) {
    const VF x = hn::Load(DF(), values + i * kKvEncodeTokens);
    squares = hn::MulAdd(x, x, squares);
  }
  const VF deviation = hn::Sqrt(hn::Mul(squares, hn::Set(DF(), 1 / static_cast<float>(scaled))));
  VF m = hn::Mul(deviation, hn::Set(DF(), largest_level));
  for (int round = 0; round < kScaleRounds; ++round) {
    const VF inverse = InverseOf(m);
    VF products = hn::Zero(DF()), levels = hn::Zero(DF());
    for (size_t i = 0; i < scaled; ++i) {
      const VF x = hn::Abs(hn::Load(DF(), values + i * kKvEncodeTokens));
      const VF level = magnitudes.Nearest(hn::Mul(x, inverse));
      products = hn::MulAdd(x, level, products);
      levels = hn::MulAdd(level, level, levels);
    }
    m = hn::Div(products, levels);  // of levels none is zero
  }
  return m;
}

HWY_INLINE VF LargestMultipliers(size_t scaled, const float* HWY_RESTRICT values) {
  VF most = hn::Zero(DF()), all = hn::Zero(DF());
  for (size_t i = 0; i < scaled; ++i) {
    const VF x = hn::Abs(hn::Load(DF(), values + i * kKvEncodeTokens));
    most = hn::Max(most, x);
    all = hn::Add(all, x);  // NaN where any is
  }
  const VF m = hn::Mul(most, hn::Set(DF(), 1 / (127 * codec::kKvLevelUnit)));
  return hn::IfThenElse(hn::IsNaN(all), all, m);
}

// m as F16, into `to` and back.
HWY_INLINE VF RoundMultipliers(VF m, uint16_t* HWY_RESTRICT to) {
  constexpr float kMost = 65504;
  alignas(64) float lanes[kLanes];
  hn::Store(m, DF(), lanes);
  for (size_t n = 0; n < kLanes; ++n) {
    to[n] = F32ToF16(lanes[n] > kMost ? kMost : lanes[n]);
    lanes[n] = F16ToF32(to[n]);
  }
  return hn::Load(DF(), lanes);
}

// Codes of the columns of values [scaled][16], for one vector of columns.
HWY_INLINE void CodeColumns(const KvColumns& columns, const Magnitudes* magnitudes,
                            const float* HWY_RESTRICT values, VF multipliers,
                            int32_t* HWY_RESTRICT codes) {
  const VF inverse = InverseOf(multipliers);
  const int half = 1 << (columns.bits - 1);
  for (size_t i = 0; i < columns.scaled; ++i) {
    const VF x = hn::Mul(hn::Load(DF(), values + i * kKvEncodeTokens), inverse);
    int32_t* HWY_RESTRICT to = codes + i * kKvEncodeTokens;
    if (magnitudes == nullptr) {
      const VF limit = hn::Set(DF(), 127);
      const VF level = hn::Mul(x, hn::Set(DF(), 1 / codec::kKvLevelUnit));
      hn::Store(hn::NearestInt(hn::Min(hn::Max(level, hn::Neg(limit)), limit)), DI(), to);
    } else {
      const VI number = magnitudes->NumberOf(hn::Abs(x));
      const auto negative = hn::RebindMask(DI(), hn::Lt(x, hn::Zero(DF())));
      hn::Store(hn::IfThenElse(negative, hn::Sub(hn::Set(DI(), half - 1), number),
                               hn::Add(hn::Set(DI(), half), number)),
                DI(), to);
    }
  }
}

HWY_ATTR void RotateColumnsOn(const KvColumns& columns, float* HWY_RESTRICT values) {
  for (size_t i = 0; i < columns.rotations; ++i) {
    RotateColumns(columns.rotation, values + i * columns.rotation * kKvEncodeTokens);
  }
}

HWY_ATTR void EncodeColumnsOn(const KvColumns& columns, const float* HWY_RESTRICT values,
                              uint16_t* HWY_RESTRICT multipliers, int32_t* HWY_RESTRICT codes) {
  const Magnitudes magnitudes(columns.bits == 8 ? 2 : columns.bits);
  const size_t blocks = columns.rotations * columns.rotation / columns.scaled;
  for (size_t block = 0; block < blocks; ++block) {
    for (size_t n = 0; n < kTokenVectors; ++n) {
      const size_t at = block * columns.scaled * kKvEncodeTokens + n * kLanes;
      const VF m = columns.bits == 8 ? LargestMultipliers(columns.scaled, values + at)
                                     : BestMultipliers(magnitudes, columns.largest_level,
                                                       columns.scaled, values + at);
      const VF rounded = RoundMultipliers(m, multipliers + block * kKvEncodeTokens + n * kLanes);
      CodeColumns(columns, columns.bits == 8 ? nullptr : &magnitudes, values + at, rounded,
                  codes + at);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
