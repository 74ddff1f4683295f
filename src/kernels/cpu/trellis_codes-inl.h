// Blocks of the trellis code to table indices (DotLevels::OfTrellis): the index values, from the
// sources that other codes of that width have, below the subsets that the path bits choose.
#if defined(HLWQ_KERNELS_CPU_TRELLIS_CODES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TRELLIS_CODES_INL_H_
#undef HLWQ_KERNELS_CPU_TRELLIS_CODES_INL_H_
#else
#define HLWQ_KERNELS_CPU_TRELLIS_CODES_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/trellis_table.h"
#include "hwy/highway.h"
#include "kernels/cpu/lane_codes-inl.h"
#include "kernels/cpu/vbmi_codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

template <size_t kHalf>
HWY_INLINE uint64_t PathWord(const uint8_t* HWY_RESTRICT block) {
  uint64_t path;
  std::memcpy(&path, block + 8 * kHalf, 8);
  return path;
}

#if HWY_TARGET <= HWY_AVX3_DL

// Half<h>(block) is the 64 indices of a half in the low kBits + 1 bits of bytes, with anything
// above them. A multishift brings path bits t - 3 .. t to byte t, which choose the subset from a
// table of
// 16. `Indices` is in the order of groups `kOrder`.
template <size_t kBits, class Indices, const GroupOrder& kOrder>
class VbmiTrellisCodes {
 public:
  HWY_INLINE VbmiTrellisCodes()
      : first_bit_(LoadBytes(kFirstBit)),
        known_(LoadBytes(kKnown)),
        subsets_(LoadBytes(kSubsets)),
        index_(_mm512_set1_epi8((1 << (kBits - 1)) - 1)) {}

  template <size_t kHalf>
  HWY_INLINE __m512i Half(const uint8_t* HWY_RESTRICT block) const {
    const __m512i path = _mm512_set1_epi64(static_cast<int64_t>(PathWord<kHalf>(block)));
    const __m512i window = _mm512_multishift_epi64_epi8(first_bit_, path);
    const __m512i subset = _mm512_shuffle_epi8(subsets_, _mm512_and_si512(window, known_));
    const __m512i index = indices_.template Half<kHalf>(block + codec::kTrellisPathBytes);
    return _mm512_ternarylogic_epi64(subset, index, index_, 0xF8);  // subset | (index & index_)
  }

 private:
  static constexpr size_t Weight(size_t byte) { return 8 * kOrder[byte / 8] + byte % 8; }
  static constexpr Bytes kFirstBit = [] {
    Bytes first_bit = {};
    for (size_t i = 0; i < 64; ++i) first_bit[i] = static_cast<uint8_t>((Weight(i) + 61) % 64);
    return first_bit;
  }();
  // The four bits, less those before the first weight, which wrapped around.
  static constexpr Bytes kKnown = [] {
    Bytes known = {};
    for (size_t i = 0; i < 64; ++i) {
      known[i] = static_cast<uint8_t>(Weight(i) < 3 ? 0xF << (3 - Weight(i)) & 0xF : 0xF);
    }
    return known;
  }();
  static constexpr Bytes kSubsets = [] {
    Bytes subsets = {};
    for (size_t i = 0; i < 64; ++i) {
      const codec::TrellisSubsets of_window = codec::SubsetsOf(i % 16);
      const uint64_t subset = 2 * (of_window.high >> 3 & 1) + (of_window.low >> 3 & 1);
      subsets[i] = static_cast<uint8_t>(subset << (kBits - 1));
    }
    return subsets;
  }();

  Indices indices_;
  __m512i first_bit_, known_, subsets_, index_;
};

constexpr GroupOrder kAscending = {0, 1, 2, 3, 4, 5, 6, 7};

template <size_t kBits>
struct VbmiTrellisIndices {
  using Type = StreamCodes<kMsbPlan<kBits - 1> >;
};
template <>
struct VbmiTrellisIndices<5> {
  using Type = HalfNibbleCodes;
};
template <size_t kBits>
using AscendingTrellisCodes =
    VbmiTrellisCodes<kBits, typename VbmiTrellisIndices<kBits>::Type, kAscending>;
template <size_t kBits>
using InterleavedTrellisCodes =
    VbmiTrellisCodes<kBits, StreamCodes<kMsbInterleavedPlan<kBits - 1> >, kInterleaved>;

#endif  // HWY_TARGET <= HWY_AVX3_DL

template <size_t kBits>
struct LaneTrellisIndices {
  using Type = PairCodes<kBits - 1>;
};
template <>
struct LaneTrellisIndices<5> {
  using Type = LaneHalfNibbleCodes<4>;
};

// Get(block, vector) is kByteLanes indices in order. Each byte of a vector gets the byte of the
// words D1 and D0 (codec::SubsetsOf) that holds its bit, and tests it.
template <size_t kBits>
class LaneTrellisCodes {
 public:
  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT block, size_t vector) const {
    const DByte d;
    const hn::Repartition<uint64_t, DByte> d64;
    const auto paths = hn::BitCast(d64, hn::LoadDup128(d, block));
    const auto high_words =
        hn::Xor(paths, hn::Xor(hn::ShiftLeft<1>(paths), hn::ShiftLeft<3>(paths)));
    const VByte byte_of = hn::LoadU(d, &kByteOf[vector * kByteLanes]);
    const VByte bit_of = hn::LoadDup128(d, kBitOf.data());
    const VByte high = hn::TableLookupBytes(hn::BitCast(d, high_words), byte_of);
    const VByte low = hn::TableLookupBytes(hn::BitCast(d, hn::ShiftLeft<2>(paths)), byte_of);
    const VByte of_low = hn::IfThenElseZero(hn::TestBit(low, bit_of), hn::Set(d, 1 << (kBits - 1)));
    const VByte of_high = hn::IfThenElseZero(hn::TestBit(high, bit_of), hn::Set(d, 1 << kBits));
    const VByte index = indices_.Get(block + codec::kTrellisPathBytes, vector);
    return hn::Or(index, hn::Or(of_low, of_high));
  }

 private:
  static constexpr std::array<uint8_t, kBlock> kByteOf = [] {
    std::array<uint8_t, kBlock> bytes = {};
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i / 8);
    return bytes;
  }();
  alignas(16) static constexpr std::array<uint8_t, 16> kBitOf = [] {
    std::array<uint8_t, 16> bits = {};
    for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint8_t>(1 << i % 8);
    return bits;
  }();

  typename LaneTrellisIndices<kBits>::Type indices_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
