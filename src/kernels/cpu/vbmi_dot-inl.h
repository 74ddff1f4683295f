// Dot products of half blocks (coded_matvec-inl.h) for AVX-512 with byte permutes (VBMI) and dot
// instructions (VNNI).
#if defined(HLWQ_KERNELS_CPU_VBMI_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_VBMI_DOT_INL_H_
#undef HLWQ_KERNELS_CPU_VBMI_DOT_INL_H_
#else
#define HLWQ_KERNELS_CPU_VBMI_DOT_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/half_levels-inl.h"
#include "kernels/cpu/vbmi_codes-inl.h"
#include "kernels/dot_levels.h"

#if HWY_TARGET <= HWY_AVX3_DL

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// sum + products of bytes (u unsigned) in groups of four, of words in pairs. Highway asks the CPU
// for VNNI but not the compiler (1.0.3), which so refuses the intrinsics.
HWY_INLINE __m512i AddByteDots(__m512i sum, __m512i u, __m512i s) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u), "v"(s));
  return sum;
}
HWY_INLINE __m512i AddWordDots(__m512i sum, __m512i a, __m512i b) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

// The products of 64 words.
HWY_INLINE VI AddWords(VI sum, const HalfLevels<2>& levels,
                       const int16_t* HWY_RESTRICT activations) {
  const __m512i first = AddWordDots(sum.raw, levels.v[0].raw, _mm512_load_si512(activations));
  return VI{AddWordDots(first, levels.v[1].raw, _mm512_load_si512(activations + 32))};
}

// Up to 64 narrow levels.
template <class Codes>
class NarrowVbmiDot {
 public:
  using Integer = int8_t;
  static constexpr bool kHasOffset = true;

  explicit HWY_INLINE NarrowVbmiDot(const DotLevels& levels)
      : levels_(_mm512_load_si512(levels.narrow.data())) {}

  using Levels = HalfLevels<1>;
  template <size_t kHalf>
  HWY_INLINE Levels Half(const uint8_t* HWY_RESTRICT packed) const {
    return {{VByte{_mm512_permutexvar_epi8(codes_.template Half<kHalf>(packed), levels_)}}};
  }
  static HWY_INLINE VI Add(VI sum, const Levels& levels, const int8_t* HWY_RESTRICT activations) {
    return VI{AddByteDots(sum.raw, levels.v[0].raw, _mm512_load_si512(activations))};
  }

 private:
  Codes codes_;
  __m512i levels_;
};

// 64 wide levels in two registers.
template <class Words>
class WordVbmiDot {
 public:
  using Integer = int16_t;
  static constexpr bool kHasOffset = false;

  explicit HWY_INLINE WordVbmiDot(const DotLevels& levels)
      : low_levels_(_mm512_load_si512(levels.wide.data())),
        high_levels_(_mm512_load_si512(levels.wide.data() + 32)) {}

  using Levels = HalfLevels<2>;
  template <size_t kHalf>
  HWY_INLINE Levels Half(const uint8_t* HWY_RESTRICT packed) const {
    __m512i low, high;
    words_.template Half<kHalf>(packed, low, high);
    return {{VByte{_mm512_permutex2var_epi16(low_levels_, low, high_levels_)},
             VByte{_mm512_permutex2var_epi16(low_levels_, high, high_levels_)}}};
  }
  static HWY_INLINE VI Add(VI sum, const Levels& levels, const int16_t* HWY_RESTRICT activations) {
    return AddWords(sum, levels, activations);
  }

 private:
  Words words_;
  __m512i low_levels_, high_levels_;
};

// 128 or 256 wide levels: their low and high bytes apart. `Codes` come in the order kInterleaved.
template <class Codes, size_t kLevels>
class SplitVbmiDot {
 public:
  using Integer = int16_t;
  static constexpr bool kHasOffset = false;

  explicit HWY_INLINE SplitVbmiDot(const DotLevels& levels) {
    alignas(64) uint8_t low[kLevels];
    alignas(64) uint8_t high[kLevels];
    for (size_t k = 0; k < kLevels; ++k) {
      const auto level = static_cast<uint16_t>(levels.wide[k]);
      low[k] = static_cast<uint8_t>(level);
      high[k] = static_cast<uint8_t>(level >> 8);
    }
    for (size_t i = 0; i < kLevels / 64; ++i) {
      low_[i] = _mm512_load_si512(low + 64 * i);
      high_[i] = _mm512_load_si512(high + 64 * i);
    }
  }

  using Levels = HalfLevels<2>;
  template <size_t kHalf>
  HWY_INLINE Levels Half(const uint8_t* HWY_RESTRICT packed) const {
    const __m512i codes = codes_.template Half<kHalf>(packed);
    const __m512i low = LookUp(low_, codes);
    const __m512i high = LookUp(high_, codes);
    return {{VByte{_mm512_unpacklo_epi8(low, high)}, VByte{_mm512_unpackhi_epi8(low, high)}}};
  }
  static HWY_INLINE VI Add(VI sum, const Levels& levels, const int16_t* HWY_RESTRICT activations) {
    return AddWords(sum, levels, activations);
  }

 private:
  static HWY_INLINE __m512i LookUp(const __m512i (&table)[kLevels / 64], __m512i codes) {
    const __m512i first = _mm512_permutex2var_epi8(table[0], codes, table[1]);
    if constexpr (kLevels == 128) {
      return first;
    } else {
      const __m512i second = _mm512_permutex2var_epi8(table[2], codes, table[3]);
      return _mm512_mask_mov_epi8(first, _mm512_movepi8_mask(codes), second);
    }
  }
  Codes codes_;
  __m512i low_[kLevels / 64], high_[kLevels / 64];
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif  // HWY_TARGET <= HWY_AVX3_DL

#endif
