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

#if HWY_TARGET <= HWY_AVX3_DL

// Bytes: unsigned levels, whose offset the sums start from.
struct ByteDot {
  using Level = uint8_t;
  using Activation = int8_t;
  struct Sum {
    VI sum;
  };
  static HWY_INLINE Sum Start(int32_t activation_sum) {
    return {hn::Set(DI(), -DotLevels::kOffset * activation_sum)};
  }
  // Highway asks the CPU for VNNI but not the compiler (1.0.3), which so refuses the intrinsic.
  static HWY_INLINE void Add(VI levels, VI activations, Sum& sum) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum.sum.raw) : "v"(levels.raw), "v"(activations.raw));
  }
  static HWY_INLINE VI Total(Sum sum) { return sum.sum; }
};

struct WordDot {
  using Level = int16_t;
  using Activation = int16_t;
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

struct WordDot {
  using Level = int16_t;
  using Activation = int16_t;
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

// Integer sums of kGroupRows rows and kTokens tokens, which stay in registers.
template <class Dot, size_t kTokens>
using TileSums = typename Dot::Sum[kTokens][kTileVectors];

// The products of steps [begin, end) of a block. `levels` [step, vector, lane]; `activations` those
// of the block, and `activation_sums` theirs in these steps, of each token. The loops around sums
// are unrolled by order: clang (14) would keep them in memory else.
template <class Dot, size_t kTokens>
HWY_INLINE void SumSteps(const typename Dot::Level* HWY_RESTRICT levels, size_t begin, size_t end,
                         const typename Dot::Activation* const (&activations)[kTokens],
                         const int32_t (&activation_sums)[kTokens], TileSums<Dot, kTokens>& sums) {
  HWY_UNROLL(8)
  for (size_t t = 0; t < kTokens; ++t) {
    const auto start = Dot::Start(activation_sums[t]);
    HWY_UNROLL(8)
    for (size_t v = 0; v < kTileVectors; ++v) sums[t][v] = start;
  }
  const hn::Repartition<typename Dot::Level, DI> d;
  for (size_t step = begin; step < end; ++step) {
    VI level[kTileVectors];
    HWY_UNROLL(8)
    for (size_t v = 0; v < kTileVectors; ++v) {
      const size_t at = (step * kTileVectors + v) * hn::MaxLanes(d);
      level[v] = hn::BitCast(DI(), hn::Load(d, levels + at));
    }
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) {
      int32_t inputs;
      std::memcpy(&inputs, activations[t] + step * kPerLane<Dot>, 4);
      const VI input = hn::Set(DI(), inputs);
      HWY_UNROLL(8)
      for (size_t v = 0; v < kTileVectors; ++v) Dot::Add(level[v], input, sums[t][v]);
    }
  }
}

// Adds the products of one block, kGroupRows rows and kTokens tokens to `to` [token, kRows].
// `multipliers` [kMultipliers, kRows]: one of a row, or two, for the halves of its block.
template <class Dot, size_t kMultipliers, size_t kTokens, size_t kRows>
HWY_INLINE void AddBlock(const typename Dot::Level* HWY_RESTRICT levels,
                         const float* HWY_RESTRICT multipliers,
                         const TokenInput<typename Dot::Activation>* HWY_RESTRICT tokens,
                         size_t block, float* HWY_RESTRICT to) {
  static_assert(kMultipliers == 1 || kMultipliers == 2);
  constexpr size_t kHalf = kSteps<Dot> / 2;
  const typename Dot::Activation* activations[kTokens];
  int32_t first_sums[kTokens];
  int32_t second_sums[kTokens];
  HWY_UNROLL(8)
  for (size_t t = 0; t < kTokens; ++t) {
    activations[t] = tokens[t].activations + block * kBlock;
    first_sums[t] = tokens[t].sums[2 * block];
    second_sums[t] = tokens[t].sums[2 * block + 1];
  }
  TileSums<Dot, kTokens> sums;
  if constexpr (kMultipliers == 1) {
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) first_sums[t] += second_sums[t];
    SumSteps<Dot, kTokens>(levels, 0, kSteps<Dot>, activations, first_sums, sums);
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) {
      const VF scale = hn::Set(DF(), tokens[t].scales[block]);
      HWY_UNROLL(8)
      for (size_t v = 0; v < kTileVectors; ++v) {
        const VF sum = hn::ConvertTo(DF(), Dot::Total(sums[t][v]));
        const VF factor = hn::Mul(hn::Load(DF(), multipliers + v * kLanes), scale);
        float* at = to + t * kRows + v * kLanes;
        hn::Store(hn::MulAdd(sum, factor, hn::Load(DF(), at)), DF(), at);
      }
    }
  } else {
    // The first half, with its multiplier, waits in memory: there are no registers for both.
    alignas(64) float first[kTokens * kGroupRows];
    SumSteps<Dot, kTokens>(levels, 0, kHalf, activations, first_sums, sums);
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) {
      HWY_UNROLL(8)
      for (size_t v = 0; v < kTileVectors; ++v) {
        const VF sum = hn::ConvertTo(DF(), Dot::Total(sums[t][v]));
        hn::Store(hn::Mul(sum, hn::Load(DF(), multipliers + v * kLanes)), DF(),
                  first + t * kGroupRows + v * kLanes);
      }
    }
    SumSteps<Dot, kTokens>(levels, kHalf, kSteps<Dot>, activations, second_sums, sums);
    HWY_UNROLL(8)
    for (size_t t = 0; t < kTokens; ++t) {
      const VF scale = hn::Set(DF(), tokens[t].scales[block]);
      HWY_UNROLL(8)
      for (size_t v = 0; v < kTileVectors; ++v) {
        const VF second = hn::ConvertTo(DF(), Dot::Total(sums[t][v]));
        const VF both = hn::MulAdd(second, hn::Load(DF(), multipliers + kRows + v * kLanes),
                                   hn::Load(DF(), first + t * kGroupRows + v * kLanes));
        float* at = to + t * kRows + v * kLanes;
        hn::Store(hn::MulAdd(both, scale, hn::Load(DF(), at)), DF(), at);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
