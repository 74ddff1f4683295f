// Products of a tile of levels with activations, in registers.
//
// A vector holds 32 bits of each of kLanes rows: 4 consecutive inputs as bytes, or 2 as words. One
// broadcast of the same inputs of a token serves all rows, so sums need no reduction over lanes.
#if defined(HLWQ_KERNELS_CPU_TILE_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_PRODUCT_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_PRODUCT_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_PRODUCT_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/lane_dot-inl.h"
#include "kernels/dot_levels.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Row vectors and tokens whose sums are held in registers: 24 of 32 (a sum takes two on NEON), or
// 12 of 16.
#if HWY_TARGET <= HWY_AVX3
constexpr size_t kTileVectors = 4;
#else
constexpr size_t kTileVectors = 2;
#endif
constexpr size_t kTileTokens = 6;
constexpr size_t kGroupRows = kTileVectors * kLanes;

#if HWY_TARGET <= HWY_AVX3_DL || HWY_TARGET == HWY_AVX2
// Bytes: unsigned levels, whose offset the sums start from. Of AVX2 where the processor has AVX-VNNI (vector_target.h).
struct VnniDot {
  using Level = uint8_t;
  using Activation = int8_t;
  static constexpr bool kHasOffset = true;
  struct Sum {
    VI sum;
  };
  static HWY_INLINE Sum Start(int32_t activation_sum) {
    return {hn::Set(DI(), -DotLevels::kOffset * activation_sum)};
  }
  // Highway asks the CPU for VNNI but not the compiler (1.0.3), which so refuses the intrinsic.
  static HWY_INLINE void Add(VI levels, VI activations, Sum& sum) {
#if HWY_TARGET == HWY_AVX2
    __asm__("%{vex%} vpdpbusd %2, %1, %0"
            : "+x"(sum.sum.raw)
            : "x"(levels.raw), "x"(activations.raw));
#else
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum.sum.raw) : "v"(levels.raw), "v"(activations.raw));
#endif
  }
  static HWY_INLINE VI Total(Sum sum) { return sum.sum; }
};
#endif

#if HWY_TARGET <= HWY_AVX3_DL

using ByteDot = VnniDot;

struct WordDot {
  using Level = int16_t;
  using Activation = int16_t;
  static constexpr bool kHasOffset = false;
  struct Sum {
    VI sum;
  };
  static HWY_INLINE Sum Start(int32_t /*activation_sum*/) { return {hn::Zero(DI())}; }
  static HWY_INLINE void Add(VI levels, VI activations, Sum& sum) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum.sum.raw) : "v"(levels.raw), "v"(activations.raw));
  }
  static HWY_INLINE VI Total(Sum sum) { return sum.sum; }
};

#else

// Bytes: signed levels within +-127, as the activations, so that a pair of products fits 16 bits.
struct ByteDot {
  using Level = uint8_t;
  using Activation = int8_t;
  static constexpr bool kHasOffset = false;
  struct Sum {
    VI sum;
  };
  static HWY_INLINE Sum Start(int32_t /*activation_sum*/) { return {hn::Zero(DI())}; }
  static HWY_INLINE void Add(VI levels, VI activations, Sum& sum) {
#if HWY_TARGET == HWY_AVX2
    // Unsigned times signed: the sign goes from the activations, whose magnitudes all rows share.
    const __m256i moved = _mm256_sign_epi8(levels.raw, activations.raw);
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(activations.raw), moved);
    const VI fours{_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))};
    sum.sum = hn::Add(sum.sum, fours);
    __asm__("" : "+x"(sum.sum.raw));
#elif HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128
    // Sums of four neighbours, as on AVX2.
    sum.sum =
        AddByteProducts(sum.sum, hn::BitCast(DSByte(), levels), hn::BitCast(DSByte(), activations));
#else
    // Even and odd bytes apart as words, so that all four products of a lane stay in it.
    const auto words = [](VI v) HWY_ATTR { return hn::BitCast(DWord(), v); };
    const auto odd = [&](VI v) HWY_ATTR { return hn::ShiftRight<8>(words(v)); };
    const auto even = [&](VI v) HWY_ATTR { return hn::ShiftRight<8>(hn::ShiftLeft<8>(words(v))); };
    const auto pairs =
        hn::Add(hn::Mul(even(levels), even(activations)), hn::Mul(odd(levels), odd(activations)));
    const auto high = hn::ShiftRight<16>(hn::BitCast(DI(), pairs));
    const auto low = hn::ShiftRight<16>(hn::ShiftLeft<16>(hn::BitCast(DI(), pairs)));
    sum.sum = hn::Add(sum.sum, hn::Add(low, high));
#endif
  }
  static HWY_INLINE VI Total(Sum sum) { return sum.sum; }
};

struct WordDot {
  using Level = int16_t;
  using Activation = int16_t;
  static constexpr bool kHasOffset = false;
  struct Sum {
    VI even, odd;  // x86 uses the first only
  };
  static HWY_INLINE Sum Start(int32_t /*activation_sum*/) {
    return {hn::Zero(DI()), hn::Zero(DI())};
  }
  static HWY_INLINE void Add(VI levels, VI activations, Sum& sum) {
    const hn::Repartition<int16_t, DI> d16;
    sum.even = hn::ReorderWidenMulAccumulate(DI(), hn::BitCast(d16, levels),
                                             hn::BitCast(d16, activations), sum.even, sum.odd);
#if HWY_ARCH_X86 && HWY_COMPILER_GCC_ACTUAL
    // Else it (12) adds into new registers and copies them back at the end of each step, for which
    // it has too few: 10 % slower.
    __asm__("" : "+v"(sum.even.raw));
#endif
  }
  static HWY_INLINE VI Total(Sum sum) { return hn::RearrangeToOddPlusEven(sum.even, sum.odd); }
};

#endif

// Levels, and inputs, in one lane.
template <class Dot>
constexpr size_t kPerLane = 4 / sizeof(typename Dot::Level);
template <class Dot>
constexpr size_t kSteps = kBlock / kPerLane<Dot>;

// What is multiplied of one token: each from the first block on.
template <typename Activation>
struct TokenInput {
  const Activation* activations;
  const float* scales;
  const int32_t* sums;
};

// Adds the products of one block, kVectors * kLanes rows and kTokens tokens to `to` [token, kRows].
// `levels` [step, kTileVectors, lane] from the first of these rows. `multipliers` [kParts, kRows]
// are one of a row, or two, for the halves of its block; each part has its own sums. The loops
// around sums are unrolled by order: clang (14) would keep them in memory else.
template <class Dot, size_t kParts, size_t kVectors, size_t kTokens, size_t kRows>
HWY_INLINE void AddVectors(const typename Dot::Level* HWY_RESTRICT levels,
                           const float* HWY_RESTRICT multipliers,
                           const TokenInput<typename Dot::Activation>* HWY_RESTRICT tokens,
                           size_t block, float* HWY_RESTRICT to) {
  static_assert(kParts == 1 || kParts == 2);
  constexpr size_t kPartSteps = kSteps<Dot> / kParts;
  const hn::Repartition<typename Dot::Level, DI> d;
  typename Dot::Sum sums[kTokens][kParts][kVectors];
  const typename Dot::Activation* activations[kTokens];
  HWY_UNROLL(8)
  for (size_t t = 0; t < kTokens; ++t) {
    activations[t] = tokens[t].activations + block * kBlock;
    const int32_t* of_halves = tokens[t].sums + 2 * block;
    HWY_UNROLL(2)
    for (size_t part = 0; part < kParts; ++part) {
      const auto start = Dot::Start(kParts == 2 ? of_halves[part] : of_halves[0] + of_halves[1]);
      HWY_UNROLL(8)
      for (size_t v = 0; v < kVectors; ++v) sums[t][part][v] = start;
    }
  }
  for (size_t step = 0; step < kPartSteps; ++step) {
    HWY_UNROLL(2)
    for (size_t part = 0; part < kParts; ++part) {
      const size_t of_block = step + part * kPartSteps;
      VI level[kVectors];
      HWY_UNROLL(8)
      for (size_t v = 0; v < kVectors; ++v) {
        const size_t at = (of_block * kTileVectors + v) * hn::MaxLanes(d);
        level[v] = hn::BitCast(DI(), hn::Load(d, levels + at));
      }
      HWY_UNROLL(8)
      for (size_t t = 0; t < kTokens; ++t) {
        int32_t inputs;
        std::memcpy(&inputs, activations[t] + of_block * kPerLane<Dot>, 4);
        const VI input = hn::Set(DI(), inputs);
        HWY_UNROLL(8)
        for (size_t v = 0; v < kVectors; ++v) Dot::Add(level[v], input, sums[t][part][v]);
      }
    }
  }
  HWY_UNROLL(8)
  for (size_t t = 0; t < kTokens; ++t) {
    const VF scale = hn::Set(DF(), tokens[t].scales[block]);
    HWY_UNROLL(8)
    for (size_t v = 0; v < kVectors; ++v) {
      const auto sum = [&](size_t part)
                           HWY_ATTR { return hn::ConvertTo(DF(), Dot::Total(sums[t][part][v])); };
      const VF multiplier = hn::Load(DF(), multipliers + v * kLanes);
      float* at = to + t * kRows + v * kLanes;
      const VF before = hn::Load(DF(), at);
      if constexpr (kParts == 1) {
        hn::Store(hn::MulAdd(sum(0), hn::Mul(multiplier, scale), before), DF(), at);
      } else {
        const VF second = hn::Load(DF(), multipliers + kRows + v * kLanes);
        const VF both = hn::MulAdd(sum(1), second, hn::Mul(sum(0), multiplier));
        hn::Store(hn::MulAdd(both, scale, before), DF(), at);
      }
    }
  }
}

// The same for kGroupRows rows. Where there are two sums of each row, half as many rows at a time.
template <class Dot, size_t kParts, size_t kTokens, size_t kRows>
HWY_INLINE void AddBlock(const typename Dot::Level* HWY_RESTRICT levels,
                         const float* HWY_RESTRICT multipliers,
                         const TokenInput<typename Dot::Activation>* HWY_RESTRICT tokens,
                         size_t block, float* HWY_RESTRICT to) {
  constexpr size_t kAtOnce = kTileVectors / kParts;
  for (size_t first = 0; first < kGroupRows; first += kAtOnce * kLanes) {
    AddVectors<Dot, kParts, kAtOnce, kTokens, kRows>(
        levels + first * kPerLane<Dot>, multipliers + first, tokens, block, to + first);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
