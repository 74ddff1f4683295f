// Dot products of half blocks (coded_matvec-inl.h) with codes from lane_codes-inl.h and levels from
// tables in registers.
#if defined(HLWQ_KERNELS_CPU_LANE_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LANE_DOT_INL_H_
#undef HLWQ_KERNELS_CPU_LANE_DOT_INL_H_
#else
#define HLWQ_KERNELS_CPU_LANE_DOT_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/half_levels-inl.h"
#include "kernels/cpu/lane_codes-inl.h"
#include "kernels/dot_levels.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using DSByte = hn::RebindToSigned<DByte>;
using VSByte = hn::Vec<DSByte>;
using VWord = hn::Vec<DWord>;

// sum + products of signed bytes, each within +-127 (a pair of products so fits 16 bits).
HWY_INLINE VI AddByteProducts(VI sum, VSByte levels, VSByte activations) {
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
  // Unsigned times signed: the sign goes from the levels to the activations.
  const __m512i moved = _mm512_mask_sub_epi8(activations.raw, _mm512_movepi8_mask(levels.raw),
                                             _mm512_setzero_si512(), activations.raw);
  const __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(levels.raw), moved);
  return VI{_mm512_add_epi32(sum.raw, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
#elif HWY_TARGET == HWY_AVX2
  const __m256i moved = _mm256_sign_epi8(activations.raw, levels.raw);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(levels.raw), moved);
  return VI{_mm256_add_epi32(sum.raw, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))};
#elif HWY_TARGET == HWY_SSE4
  const __m128i moved = _mm_sign_epi8(activations.raw, levels.raw);
  const __m128i pairs = _mm_maddubs_epi16(_mm_abs_epi8(levels.raw), moved);
  return VI{_mm_add_epi32(sum.raw, _mm_madd_epi16(pairs, _mm_set1_epi16(1)))};
#elif HWY_ARCH_ARM && HWY_TARGET != HWY_EMU128  // NEON under any of its names
  const int16x8_t low = vmull_s8(vget_low_s8(levels.raw), vget_low_s8(activations.raw));
  const int16x8_t pairs = vmlal_s8(low, vget_high_s8(levels.raw), vget_high_s8(activations.raw));
  return VI(vpadalq_s16(sum.raw, pairs));
#else
  const hn::Half<DSByte> half;
  VI odd = hn::Zero(DI());
  sum = hn::ReorderWidenMulAccumulate(DI(), hn::PromoteTo(DWord(), hn::LowerHalf(half, levels)),
                                      hn::PromoteTo(DWord(), hn::LowerHalf(half, activations)), sum,
                                      odd);
  sum = hn::ReorderWidenMulAccumulate(DI(), hn::PromoteTo(DWord(), hn::UpperHalf(half, levels)),
                                      hn::PromoteTo(DWord(), hn::UpperHalf(half, activations)), sum,
                                      odd);
  return hn::Add(sum, odd);
#endif
}

// kLevels bytes, looked up by codes below that: tables of 16, chosen from by the upper bits of
// codes.
template <size_t kLevels>
class ByteTable {
 public:
  explicit HWY_INLINE ByteTable(const uint8_t* HWY_RESTRICT entries) {
    for (size_t i = 0; i < kTables; ++i) tables_[i] = hn::LoadDup128(DByte(), entries + 16 * i);
  }

  HWY_INLINE VByte operator()(VByte codes) const {
    if constexpr (kTables == 1) {
      return hn::TableLookupBytes(tables_[0], codes);
    } else {
      return LookUp<kTables>(0, codes, hn::And(codes, hn::Set(DByte(), 15)));
    }
  }

 private:
  static constexpr size_t kTables = kLevels <= 16 ? 1 : kLevels / 16;

  // In kCount tables from `first`.
  template <size_t kCount>
  HWY_INLINE VByte LookUp(size_t first, VByte codes, VByte index) const {
    if constexpr (kCount == 1) {
      return hn::TableLookupBytes(tables_[first], index);
    } else {
      constexpr size_t kHalf = kCount / 2;
      return hn::IfThenElse(hn::TestBit(codes, hn::Set(DByte(), 16 * kHalf)),
                            LookUp<kHalf>(first + kHalf, codes, index),
                            LookUp<kHalf>(first, codes, index));
    }
  }

  VByte tables_[kTables];
};

// Narrow levels.
template <size_t kBits, class Codes>
class NarrowLaneDot {
 public:
  using Integer = int8_t;
  static constexpr bool kHasOffset = false;

  explicit HWY_INLINE NarrowLaneDot(const DotLevels& levels)
      : levels_(WithoutOffset(levels.narrow).data()) {}

  using Levels = HalfLevels<kHalfVectors>;
  template <size_t kHalf>
  HWY_INLINE Levels Half(const uint8_t* HWY_RESTRICT packed) const {
    Levels levels;
    HWY_UNROLL(4)
    for (size_t i = 0; i < kHalfVectors; ++i) {
      levels.v[i] = levels_(codes_.Get(packed, kHalf * kHalfVectors + i));
    }
    return levels;
  }
  static HWY_INLINE VI Add(VI sum, const Levels& levels, const int8_t* HWY_RESTRICT activations) {
    HWY_UNROLL(4)
    for (size_t i = 0; i < kHalfVectors; ++i) {
      sum = AddByteProducts(sum, hn::BitCast(DSByte(), levels.v[i]),
                            hn::Load(DSByte(), activations + i * kByteLanes));
    }
    return sum;
  }

 private:
  static HWY_INLINE std::array<uint8_t, 64> WithoutOffset(std::array<uint8_t, 64> levels) {
    for (uint8_t& level : levels) level = static_cast<uint8_t>(level - DotLevels::kOffset);
    return levels;
  }

  Codes codes_;
  ByteTable<(size_t{1} << kBits)> levels_;
};

#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86

// Wide levels by permutes of words: 64 entries each.
template <size_t kBits, class Codes>
class WideLaneDot {
 public:
  using Integer = int16_t;
  static constexpr bool kHasOffset = false;

  explicit HWY_INLINE WideLaneDot(const DotLevels& levels) {
    for (size_t i = 0; i < kTables; ++i) {
      tables_[i] = _mm512_load_si512(levels.wide.data() + 32 * i);
    }
  }

  using Levels = HalfLevels<2>;
  template <size_t kHalf>
  HWY_INLINE Levels Half(const uint8_t* HWY_RESTRICT packed) const {
    static_assert(kHalfVectors == 1);
    const __m512i codes = codes_.Get(packed, kHalf).raw;
    const __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(codes));
    const __m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(codes, 1));
    return {{VByte{LookUp<kTables / 2>(0, low)}, VByte{LookUp<kTables / 2>(0, high)}}};
  }
  static HWY_INLINE VI Add(VI sum, const Levels& levels, const int16_t* HWY_RESTRICT activations) {
    const __m512i first = _mm512_madd_epi16(levels.v[0].raw, _mm512_load_si512(activations));
    const __m512i second = _mm512_madd_epi16(levels.v[1].raw, _mm512_load_si512(activations + 32));
    return VI{_mm512_add_epi32(_mm512_add_epi32(sum.raw, first), second)};
  }

 private:
  static constexpr size_t kTables = (size_t{1} << kBits) / 32;

  // Of the tables from `first`, 64 * kCount entries.
  template <size_t kCount>
  HWY_INLINE __m512i LookUp(size_t first, __m512i codes) const {
    if constexpr (kCount == 1) {
      return _mm512_permutex2var_epi16(tables_[first], codes, tables_[first + 1]);
    } else {
      const __mmask32 upper = _mm512_test_epi16_mask(codes, _mm512_set1_epi16(32 * kCount));
      return _mm512_mask_mov_epi16(LookUp<kCount / 2>(first, codes), upper,
                                   LookUp<kCount / 2>(first + kCount, codes));
    }
  }

  Codes codes_;
  __m512i tables_[kTables];
};

#else

// Wide levels: low and high bytes by tables of their own, interleaved.
template <size_t kBits, class Codes>
class WideLaneDot {
 public:
  using Integer = int16_t;
  static constexpr bool kHasOffset = false;

  explicit HWY_INLINE WideLaneDot(const DotLevels& levels)
      : low_(BytesOf(levels.wide, 0).data()), high_(BytesOf(levels.wide, 8).data()) {}

  using Levels = HalfLevels<2 * kHalfVectors>;
  template <size_t kHalf>
  HWY_INLINE Levels Half(const uint8_t* HWY_RESTRICT packed) const {
    Levels levels;
    for (size_t i = 0; i < kHalfVectors; ++i) {
      const VByte codes = codes_.Get(packed, kHalf * kHalfVectors + i);
      const VByte low = low_(codes);
      const VByte high = high_(codes);
      levels.v[2 * i] = hn::InterleaveLower(DByte(), low, high);
      levels.v[2 * i + 1] = hn::InterleaveUpper(DByte(), low, high);
    }
    return levels;
  }
  static HWY_INLINE VI Add(VI even, const Levels& levels, const int16_t* HWY_RESTRICT activations) {
    VI odd = hn::Zero(DI());
    for (size_t i = 0; i < kHalfVectors; ++i) {
      const int16_t* from = activations + i * kByteLanes;
      even = AddWords(even, odd, levels.v[2 * i], from);
      even = AddWords(even, odd, levels.v[2 * i + 1], from + 8);
    }
    return hn::Add(even, odd);
  }

 private:
  static constexpr size_t kLevels = size_t{1} << kBits;
  static HWY_INLINE std::array<uint8_t, kLevels> BytesOf(const std::array<int16_t, 256>& levels,
                                                         int shift) {
    std::array<uint8_t, kLevels> bytes;
    for (size_t k = 0; k < kLevels; ++k) bytes[k] = static_cast<uint8_t>(levels[k] >> shift);
    return bytes;
  }

  // Words interleaved in 128-bit lanes are runs of eight, sixteen apart.
  static HWY_INLINE VI AddWords(VI even, VI& odd, VByte words, const int16_t* HWY_RESTRICT from) {
    const auto at = [](size_t lane) { return 32 * lane; };
    const auto activations = LoadRuns<kByteLanes / 16>(reinterpret_cast<const uint8_t*>(from), at);
    return hn::ReorderWidenMulAccumulate(DI(), hn::BitCast(DWord(), words),
                                         hn::BitCast(DWord(), activations), even, odd);
  }

  Codes codes_;
  ByteTable<kLevels> low_, high_;
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
