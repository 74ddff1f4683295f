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
  static HWY_INLINE Sum Start(const int32_t* HWY_RESTRICT activation_sum) {
    const VI sum = hn::Set(DI(), *activation_sum);
    static_assert(DotLevels::kOffset == 1 << 7);
    return {hn::Sub(hn::Zero(DI()), hn::ShiftLeft<7>(sum))};
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
  static HWY_INLINE Sum Start(const int32_t* /*activation_sum*/) { return {hn::Zero(DI())}; }
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
  static HWY_INLINE Sum Start(const int32_t* /*activation_sum*/) {
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

// Adds the products of one block, kGroupRows rows and kTokens tokens to `to` [token, kToStride].
// `levels` [step, vector, lane]; `norms` [row]. The loops around sums are unrolled by order: clang
// (14) would keep them in memory else.
template <class Dot, size_t kTokens, size_t kToStride>
HWY_INLINE void AddBlock(const typename Dot::Level* HWY_RESTRICT levels,
                         const float* HWY_RESTRICT norms,
                         const TokenInput<typename Dot::Activation>* HWY_RESTRICT tokens,
                         size_t block, float* HWY_RESTRICT to) {
  typename Dot::Sum sums[kTokens][kTileVectors];
  const typename Dot::Activation* activations[kTokens];
  HWY_UNROLL(8)
  for (size_t t = 0; t < kTokens; ++t) {
    activations[t] = tokens[t].activations + block * kBlock;
    const auto start = Dot::Start(tokens[t].sums + block);
    HWY_UNROLL(8)
    for (size_t v = 0; v < kTileVectors; ++v) sums[t][v] = start;
  }
  const hn::Repartition<typename Dot::Level, DI> d;
  for (size_t step = 0; step < kSteps<Dot>; ++step) {
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
  HWY_UNROLL(8)
  for (size_t t = 0; t < kTokens; ++t) {
    const VF scale = hn::Set(DF(), tokens[t].scales[block]);
    HWY_UNROLL(8)
    for (size_t v = 0; v < kTileVectors; ++v) {
      const VF sum = hn::ConvertTo(DF(), Dot::Total(sums[t][v]));
      const VF factor = hn::Mul(hn::Load(DF(), norms + v * kLanes), scale);
      float* at = to + t * kToStride + v * kLanes;
      hn::Store(hn::MulAdd(sum, factor, hn::Load(DF(), at)), DF(), at);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
