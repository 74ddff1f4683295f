// Conversions of single vectors, bit for bit those of tensor/float16.h: integer arithmetic, because
// hardware conversions treat NaN each in its own way.
#if defined(HLWQ_KERNELS_CPU_FLOAT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_FLOAT_ROWS_INL_H_
#undef HLWQ_KERNELS_CPU_FLOAT_ROWS_INL_H_
#else
#define HLWQ_KERNELS_CPU_FLOAT_ROWS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using DHalf = hn::Rebind<uint16_t, DF>;
using VU = hn::Vec<DU>;

// Each format below has besides Load also LoadNumber, for any number of lanes: the same for every
// value but NaN, which stays NaN, and by the hardware's own conversion where it has one.
constexpr bool kHasF16Conversion = HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM_A64;

HWY_INLINE VU U32(uint32_t value) { return hn::Set(DU(), value); }

// 16-bit values of any alignment, widened to the lanes of d.
template <class D>
HWY_INLINE hn::Vec<D> LoadHalves(D d, const uint8_t* HWY_RESTRICT from) {
  const hn::Rebind<uint16_t, D> halves;
  return hn::PromoteTo(d, hn::LoadU(halves, reinterpret_cast<const uint16_t*>(from)));
}
// The low 16 bits of each lane; the upper ones are zero.
HWY_INLINE void StoreHalves(VU halves, uint8_t* HWY_RESTRICT to) {
  const auto narrow = hn::DemoteTo(DHalf(), hn::BitCast(DI(), halves));
  hn::StoreU(narrow, DHalf(), reinterpret_cast<uint16_t*>(to));
}

struct Bf16Format {
  static constexpr size_t kBytes = 2;
  static HWY_INLINE VF Load(const uint8_t* HWY_RESTRICT from) { return LoadNumber(DF(), from); }
  template <class D>
  static HWY_INLINE hn::Vec<D> LoadNumber(D d, const uint8_t* HWY_RESTRICT from) {
    return hn::BitCast(d, hn::ShiftLeft<16>(LoadHalves(hn::RebindToUnsigned<D>(), from)));
  }
  static HWY_INLINE void Store(VF value, uint8_t* HWY_RESTRICT to) {
    const VU bits = hn::BitCast(DU(), value);
    const VU odd = hn::And(hn::ShiftRight<16>(bits), U32(1));
    const VU rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, U32(0x7FFF)), odd));
    const VU quiet = hn::Or(hn::ShiftRight<16>(bits), U32(0x40));
    const auto is_nan = hn::RebindMask(DU(), hn::IsNaN(value));
    StoreHalves(hn::IfThenElse(is_nan, quiet, rounded), to);
  }
};

struct F16Format {
  static constexpr size_t kBytes = 2;
  static HWY_INLINE VF Load(const uint8_t* HWY_RESTRICT from) { return LoadExact(DF(), from); }
  template <class D>
  static HWY_INLINE hn::Vec<D> LoadNumber(D d, const uint8_t* HWY_RESTRICT from) {
    if constexpr (kHasF16Conversion) {
      const hn::Rebind<hwy::float16_t, D> halves;
      return hn::PromoteTo(d, hn::LoadU(halves, reinterpret_cast<const hwy::float16_t*>(from)));
    } else {
      return LoadExact(d, from);
    }
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> LoadExact(D d, const uint8_t* HWY_RESTRICT from) {
    const hn::RebindToUnsigned<D> du;
    const hn::RebindToSigned<D> di;
    const auto half = LoadHalves(du, from);
    const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(du, 0x8000)));
    const auto magnitude = hn::And(half, hn::Set(du, 0x7FFF));
    // The exponent is 112 too small: exact to multiply, and right for subnormals as well.
    const auto scaled = hn::Mul(hn::BitCast(d, hn::ShiftLeft<13>(magnitude)), hn::Set(d, 0x1p112f));
    const auto is_special = hn::Gt(hn::BitCast(di, magnitude), hn::Set(di, 0x7BFF));
    const auto special =
        hn::IfThenElseZero(hn::RebindMask(du, is_special), hn::Set(du, 0x7F800000));
    return hn::BitCast(d, hn::Or(hn::Or(hn::BitCast(du, scaled), special), sign));
  }
  static HWY_INLINE void Store(VF value, uint8_t* HWY_RESTRICT to) {
    const VU bits = hn::BitCast(DU(), value);
    const VU sign = hn::And(hn::ShiftRight<16>(bits), U32(0x8000));
    const VU magnitude = hn::And(bits, U32(0x7FFFFFFF));
    const VI signed_magnitude = hn::BitCast(DI(), magnitude);
    // See F32ToF16 for the three ranges.
    const VU aligned =
        hn::BitCast(DU(), hn::Add(hn::BitCast(DF(), magnitude), hn::Set(DF(), 0.5f)));
    const VU subnormal = hn::Sub(aligned, U32(0x3F000000));
    const VU odd = hn::And(hn::ShiftRight<13>(magnitude), U32(1));
    const VU rounded = hn::Add(hn::Add(magnitude, U32(0xFFF)), odd);
    VU half = hn::ShiftRight<13>(hn::Sub(rounded, U32(0x38000000)));
    const auto choose = [&](auto mask, VU yes, VU no) HWY_ATTR {
      return hn::IfThenElse(hn::RebindMask(DU(), mask), yes, no);
    };
    half = choose(hn::Lt(signed_magnitude, hn::Set(DI(), 0x38800000)), subnormal, half);
    half = choose(hn::Gt(signed_magnitude, hn::Set(DI(), 0x477FEFFF)), U32(0x7C00), half);
    half = choose(hn::Gt(signed_magnitude, hn::Set(DI(), 0x7F800000)), U32(0x7E00), half);
    StoreHalves(hn::Or(half, sign), to);
  }
};

struct F32Format {
  static constexpr size_t kBytes = 4;
  static HWY_INLINE VF Load(const uint8_t* HWY_RESTRICT from) { return LoadNumber(DF(), from); }
  template <class D>
  static HWY_INLINE hn::Vec<D> LoadNumber(D d, const uint8_t* HWY_RESTRICT from) {
    return hn::LoadU(d, reinterpret_cast<const float*>(from));
  }
  static HWY_INLINE void Store(VF value, uint8_t* HWY_RESTRICT to) {
    hn::StoreU(value, DF(), reinterpret_cast<float*>(to));
  }
};

// The first `count` < kLanes elements, zeros after them.
template <class Format>
HWY_INLINE VF LoadFirstAs(const uint8_t* HWY_RESTRICT from, size_t count) {
  alignas(64) uint8_t bytes[kLanes * Format::kBytes] = {};
  std::memcpy(bytes, from, count * Format::kBytes);
  return Format::LoadNumber(DF(), bytes);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
