// Lanes of 32 bits as four bytes or as two 16-bit integers, for products of pairs, for one target.
#if defined(HLWQ_KERNELS_CPU_LANE_PAIRS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LANE_PAIRS_INL_H_
#undef HLWQ_KERNELS_CPU_LANE_PAIRS_INL_H_
#else
#define HLWQ_KERNELS_CPU_LANE_PAIRS_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one lane is an integer

using VLaneBytes = uint32_t;
using VPairs = uint32_t;

inline uint32_t LoadBytes(const uint8_t* from) {
  uint32_t bytes = 0;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes;
}
inline VPairs LoadPairs(const uint8_t* from) { return LoadBytes(from); }
inline void StorePairs(VPairs pairs, uint8_t* to) { std::memcpy(to, &pairs, sizeof(pairs)); }
inline VLaneBytes OrBytes(VLaneBytes a, VLaneBytes b) { return a | b; }
inline VLaneBytes AndBytes(VLaneBytes bytes, uint8_t mask) { return bytes & mask * 0x01010101u; }
template <size_t kShift>
VLaneBytes ShiftedRight(VLaneBytes bytes) {
  return bytes >> kShift;
}
template <size_t kShift>
VLaneBytes ShiftedLeft(VLaneBytes bytes) {
  return bytes << kShift;
}

class LevelTable {
 public:
  explicit LevelTable(const int8_t* entries) : entries_(entries) {}
  VLaneBytes operator()(VLaneBytes codes) const {
    uint32_t levels = 0;
    for (int i = 0; i < 32; i += 8) {
      levels |= uint32_t{static_cast<uint8_t>(entries_[codes >> i & 15])} << i;
    }
    return levels;
  }

 private:
  const int8_t* entries_;
};

template <size_t kOdd>
VPairs PairsOf(VLaneBytes levels) {
  const auto word = [&](size_t byte) {
    return static_cast<uint32_t>(static_cast<int8_t>(levels >> (8 * byte)));
  };
  return (word(kOdd) & 0xFFFF) | word(kOdd + 2) << 16;
}

inline void AddPairs(int32_t factors, VPairs pairs, VI& sum) {
  const auto low = [](uint32_t v) { return static_cast<int32_t>(static_cast<int16_t>(v)); };
  const auto bits = static_cast<uint32_t>(factors);
  sum = VI(sum.raw + low(bits) * low(pairs) + low(bits >> 16) * low(pairs >> 16));
}

inline int32_t SumOfPairs(const int32_t* words, const uint8_t* levels, size_t count) {
  int32_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto bits = static_cast<uint32_t>(words[i]);
    sum += static_cast<int16_t>(bits) * static_cast<int8_t>(levels[2 * i]) +
           static_cast<int16_t>(bits >> 16) * static_cast<int8_t>(levels[2 * i + 1]);
  }
  return sum;
}

inline void StorePairWords(const float* numbers, float factor, size_t count, int32_t* words) {
  for (size_t i = 0; i < count; i += 4) {
    const auto word = [&](size_t first) {
      const auto rounded = [&](size_t at) {
        return static_cast<uint32_t>(std::lrint(numbers[i + at] * factor));
      };
      return static_cast<int32_t>((rounded(first) & 0xFFFF) | rounded(first + 2) << 16);
    };
    words[i / 2] = word(0);
    words[i / 2 + 1] = word(1);
  }
}

#else

using DLaneBytes = hn::Repartition<uint8_t, DI>;
using DPairs = hn::Repartition<int16_t, DI>;
using DLaneWords = hn::RebindToUnsigned<DPairs>;
using VLaneBytes = hn::Vec<DLaneBytes>;
using VPairs = hn::Vec<DPairs>;

HWY_INLINE VLaneBytes LoadBytes(const uint8_t* HWY_RESTRICT from) {
  return hn::Load(DLaneBytes(), from);
}
HWY_INLINE VPairs LoadPairs(const uint8_t* HWY_RESTRICT from) {
  return hn::BitCast(DPairs(), LoadBytes(from));
}
HWY_INLINE void StorePairs(VPairs pairs, uint8_t* HWY_RESTRICT to) {
  hn::Store(hn::BitCast(DLaneBytes(), pairs), DLaneBytes(), to);
}
HWY_INLINE VLaneBytes OrBytes(VLaneBytes a, VLaneBytes b) { return hn::Or(a, b); }
HWY_INLINE VLaneBytes AndBytes(VLaneBytes bytes, uint8_t mask) {
  return hn::And(bytes, hn::Set(DLaneBytes(), mask));
}
// Bytes shifted, with bits of a neighbour where they shift in: AndBytes comes next.
template <size_t kShift>
HWY_INLINE VLaneBytes ShiftedRight(VLaneBytes bytes) {
  if constexpr (kShift == 0) return bytes;
  return hn::BitCast(DLaneBytes(), hn::ShiftRight<kShift>(hn::BitCast(DLaneWords(), bytes)));
}
template <size_t kShift>
HWY_INLINE VLaneBytes ShiftedLeft(VLaneBytes bytes) {
  return hn::BitCast(DLaneBytes(), hn::ShiftLeft<kShift>(hn::BitCast(DLaneWords(), bytes)));
}

// Sixteen signed bytes, looked up by codes below 16.
class LevelTable {
 public:
  explicit HWY_INLINE LevelTable(const int8_t* HWY_RESTRICT entries)
      : entries_(hn::LoadDup128(DLaneBytes(), reinterpret_cast<const uint8_t*>(entries))) {}
  HWY_INLINE VLaneBytes operator()(VLaneBytes codes) const {
    return hn::TableLookupBytes(entries_, codes);
  }

 private:
  VLaneBytes entries_;
};

// Signed bytes j and j + 2 of every lane, j being kOdd.
template <size_t kOdd>
HWY_INLINE VPairs PairsOf(VLaneBytes levels) {
  const VPairs words = hn::BitCast(DPairs(), levels);
  if constexpr (kOdd != 0) return hn::ShiftRight<8>(words);
  return hn::ShiftRight<8>(hn::ShiftLeft<8>(words));
}

// Adds the two products of `factors`, a pair, with those of each lane.
HWY_INLINE void AddPairs(const int32_t& factors, VPairs pairs, VI& sum) {
#if HWY_TARGET <= HWY_AVX3_DL && HWY_ARCH_X86
  // Highway asks the CPU for VNNI but not the compiler (1.0.3), which so refuses the intrinsic.
  __asm__("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sum.raw) : "v"(pairs.raw), "m"(factors));
#else
  const VPairs a = hn::BitCast(DPairs(), hn::Set(DI(), factors));
#if HWY_ARCH_X86
  VI unused = hn::Zero(DI());
  sum = hn::ReorderWidenMulAccumulate(DI(), a, pairs, sum, unused);
#if HWY_COMPILER_GCC_ACTUAL
  __asm__("" : "+v"(sum.raw));  // else it adds products of several words first, and spills them
#endif
#else
  VI second = hn::Zero(DI());
  const VI first = hn::ReorderWidenMulAccumulate(DI(), a, pairs, hn::Zero(DI()), second);
  sum = hn::Add(sum, hn::RearrangeToOddPlusEven(first, second));
#endif
#endif
}

// The sum of `count` pairs, a multiple of the lanes of `d`, times as many pairs of signed bytes.
template <class D>
HWY_INLINE int32_t SumOfPairs(D d, const int32_t* HWY_RESTRICT words,
                              const uint8_t* HWY_RESTRICT levels, size_t count) {
  constexpr hn::Repartition<int16_t, D> pairs;
  auto sum = hn::Zero(d), other = hn::Zero(d);
  for (size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto bytes = hn::LoadU(hn::Rebind<int8_t, decltype(pairs)>(),
                                 reinterpret_cast<const int8_t*>(levels + 2 * i));
    sum = hn::ReorderWidenMulAccumulate(d, hn::BitCast(pairs, hn::LoadU(d, words + i)),
                                        hn::PromoteTo(pairs, bytes), sum, other);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum, other)));
}
// The same for any multiple of 4.
HWY_INLINE int32_t SumOfPairs(const int32_t* HWY_RESTRICT words, const uint8_t* HWY_RESTRICT levels,
                              size_t count) {
  return count % kLanes == 0 ? SumOfPairs(DI(), words, levels, count)
                             : SumOfPairs(hn::CappedTag<int32_t, 4>(), words, levels, count);
}

// numbers [count], a multiple of 16, times a factor that takes them to 16 bits, rounded, as pairs:
// (0, 2), (1, 3), (4, 6), ..
HWY_INLINE void StorePairWords(const float* HWY_RESTRICT numbers, float factor, size_t count,
                               int32_t* HWY_RESTRICT words) {
  constexpr hn::Rebind<int16_t, DI> narrow;
  constexpr hn::Repartition<uint8_t, decltype(narrow)> bytes;
  alignas(16) static constexpr uint8_t kPlaces[16] = {0, 1, 4,  5,  2,  3,  6,  7,
                                                      8, 9, 12, 13, 10, 11, 14, 15};
  const auto places = hn::LoadDup128(bytes, kPlaces);
  const VF scale = hn::Set(DF(), factor);
  for (size_t i = 0; i < count; i += kLanes) {
    const VI integers = hn::NearestInt(hn::Mul(hn::Load(DF(), numbers + i), scale));
    const auto in_order = hn::BitCast(bytes, hn::DemoteTo(narrow, integers));
    hn::StoreU(hn::TableLookupBytes(in_order, places), bytes,
               reinterpret_cast<uint8_t*>(words + i / 2));
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
