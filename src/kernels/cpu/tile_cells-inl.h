// Cells of interleaved rows to levels: 16 rows by 32 inputs (kernels/tile_layout.h); those of plain codes.
//
// A step is four inputs of every row, as bytes of a 32-bit lane: 8 q + step, q = 0..3. Its index is
// a nibble and up to three bits above; nibbles of steps s and s + 4 share a byte, and the bits above
// lie in words that have bit s of each byte for step s. So one uniform shift serves all lanes.
#if defined(HLWQ_KERNELS_CPU_TILE_CELLS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_CELLS_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_CELLS_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_CELLS_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/lane_dot-inl.h"
#include "kernels/tile_matmul.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using VU = hn::Vec<DU>;

constexpr size_t kCellSteps = kCellInputs / 4;
constexpr size_t kVectorBytes = 4 * kTileRows;     // of a cell, as stored
constexpr size_t kTileParts = kTileRows / kLanes;  // vectors of rows in a tile

// kBit, or the field that begins there, moved to kTo. Other bits are anything.
template <int kBit, int kTo>
HWY_INLINE VByte MoveBits(VByte v) {
  const DUWord d;
  if constexpr (kBit > kTo) {
    return hn::BitCast(DByte(), hn::ShiftRight<kBit - kTo>(hn::BitCast(d, v)));
  } else if constexpr (kBit < kTo) {
    return hn::BitCast(DByte(), hn::ShiftLeft<kTo - kBit>(hn::BitCast(d, v)));
  } else {
    return v;
  }
}

// The bits of `mask` from `a`, the others from `b`.
template <int kMask>
HWY_INLINE VByte Mix(VByte a, VByte b) {
  const VByte mask = hn::Set(DByte(), static_cast<uint8_t>(kMask));
#if HWY_TARGET <= HWY_AVX3
  return VByte{_mm512_ternarylogic_epi64(b.raw, mask.raw, a.raw, 0xB8)};  // b is seldom kept
#else
  return hn::Or(hn::And(mask, a), hn::AndNot(mask, b));
#endif
}

// Of kLanes rows. Nibble s has those of steps s and s + 4; bits above have bit s of bytes for step s.
template <size_t kUpper>
struct CellIndices {
  VByte nibbles[4];
  VByte upper[kUpper == 0 ? 1 : kUpper];
};

// A vector of the planes at `planes`, of this part of the rows.
HWY_INLINE VByte PlaneVector(const uint8_t* HWY_RESTRICT planes, size_t vector) {
  return hn::LoadU(DByte(), planes + vector * kVectorBytes);
}

// Calls body(std::integral_constant<size_t, 0>()) to 3.
template <class Body>
HWY_INLINE void ForNibbles(Body body) {
  body(std::integral_constant<size_t, 0>());
  body(std::integral_constant<size_t, 1>());
  body(std::integral_constant<size_t, 2>());
  body(std::integral_constant<size_t, 3>());
}

// The index of a step in the low kUpper + 4 bits of bytes, anything above.
template <size_t kStep, size_t kUpper>
HWY_INLINE VByte IndexOf(const CellIndices<kUpper>& indices) {
  VByte index = MoveBits<kStep / 4 * 4, 0>(indices.nibbles[kStep % 4]);
  if constexpr (kUpper >= 1) index = Mix<0x0F>(index, MoveBits<kStep, 4>(indices.upper[0]));
  if constexpr (kUpper >= 2) index = Mix<0x1F>(index, MoveBits<kStep, 5>(indices.upper[1]));
  if constexpr (kUpper >= 3) index = Mix<0x3F>(index, MoveBits<kStep, 6>(indices.upper[2]));
  return index;
}

#if HWY_TARGET <= HWY_AVX3_DL

// Narrow levels with their offset, as vpdpbusd takes them.
template <size_t kUpper, bool kHasOffset>
class NarrowTable {
 public:
  explicit HWY_INLINE NarrowTable(const DotLevels& levels)
      : levels_(hn::Load(DByte(), levels.narrow.data())) {}
  template <size_t kStep>
  HWY_INLINE VByte Levels(const CellIndices<kUpper>& indices) const {
    return VByte{_mm512_permutexvar_epi8(IndexOf<kStep>(indices).raw, levels_.raw)};
  }

 private:
  VByte levels_;
};

#else

// Of each byte `yes` where the highest bit of `sign` is set, else `no`.
HWY_INLINE VByte BySign(VByte sign, VByte yes, VByte no) {
#if HWY_TARGET == HWY_AVX2
  // Of the intrinsic GCC (12) makes a comparison first, where a sign is asked for twice.
  __m256i chosen;
  __asm__("vpblendvb %3, %2, %1, %0" : "=x"(chosen) : "x"(no.raw), "x"(yes.raw), "x"(sign.raw));
  return VByte{chosen};
#else
  const auto of = [](VByte v) HWY_ATTR { return hn::BitCast(DSByte(), v); };
  return hn::BitCast(DByte(), hn::IfNegativeThenElse(of(sign), of(yes), of(no)));
#endif
}

// Bytes in tables of 16, from which the bits above nibbles choose.
template <size_t kUpper>
class ChosenBytes {
 public:
  static constexpr size_t kEntries = size_t{16} << kUpper;

  explicit HWY_INLINE ChosenBytes(const std::array<uint8_t, kEntries>& entries) {
    for (size_t i = 0; i < kTables; ++i) {
      tables_[i] = hn::LoadDup128(DByte(), entries.data() + 16 * i);
    }
  }
  template <size_t kStep>
  HWY_INLINE VByte Get(const CellIndices<kUpper>& indices) const {
    const VByte nibble = MoveBits<kStep / 4 * 4, 0>(indices.nibbles[kStep % 4]);
    return At<kStep>(hn::And(nibble, hn::Set(DByte(), 15)), indices.upper);
  }
  // Of a step: its nibble alone, and words of the bits above, the lowest first.
  template <size_t kStep>
  HWY_INLINE VByte At(VByte nibble, const VByte* upper) const {
    return Choose<kStep, kUpper, 0>(nibble, upper);
  }

 private:
  static constexpr size_t kTables = size_t{1} << kUpper;

  // In 2^kLeft tables from kFirst.
  template <size_t kStep, size_t kLeft, size_t kFirst>
  HWY_INLINE VByte Choose(VByte nibble, const VByte* upper) const {
    if constexpr (kLeft == 0) {
      return hn::TableLookupBytes(tables_[kFirst], nibble);
    } else {
      constexpr size_t kHalf = size_t{1} << (kLeft - 1);
      return BySign(MoveBits<kStep, 7>(upper[kLeft - 1]),
                    Choose<kStep, kLeft - 1, kFirst + kHalf>(nibble, upper),
                    Choose<kStep, kLeft - 1, kFirst>(nibble, upper));
    }
  }

  VByte tables_[kTables];
};

// Narrow levels, with their offset or signed.
template <size_t kUpper, bool kHasOffset>
class NarrowTable {
 public:
  explicit HWY_INLINE NarrowTable(const DotLevels& levels) : bytes_(BytesOf(levels)) {}
  template <size_t kStep>
  HWY_INLINE VByte Levels(const CellIndices<kUpper>& indices) const {
    return bytes_.template Get<kStep>(indices);
  }

 private:
  using Bytes = ChosenBytes<kUpper>;

  static HWY_INLINE std::array<uint8_t, Bytes::kEntries> BytesOf(const DotLevels& levels) {
    std::array<uint8_t, Bytes::kEntries> bytes;
    for (size_t k = 0; k < bytes.size(); ++k) {
      bytes[k] = static_cast<uint8_t>(levels.narrow[k] - (kHasOffset ? 0 : DotLevels::kOffset));
    }
    return bytes;
  }

  Bytes bytes_;
};

#endif

// The byte that is made byte i of words of the inputs q = 0, 1 of steps, or of q = 2, 3.
constexpr size_t ByteOfPair(size_t pair, size_t i) { return i / 4 * 4 + 2 * pair + i % 4 / 2; }

// The same of 16 bytes, for the lower bytes of words or the upper ones, the others zero.
using WordPattern = std::array<uint8_t, 16>;
constexpr WordPattern PatternOf(size_t pair, size_t place) {
  WordPattern pattern = {};
  for (size_t i = 0; i < pattern.size(); ++i) {
    pattern[i] = i % 2 == place ? static_cast<uint8_t>(ByteOfPair(pair, i)) : uint8_t{0x80};
  }
  return pattern;
}

// Signed bytes to words: inputs q = 0, 1 and q = 2, 3.
HWY_INLINE void WidenPairs(VByte levels, VI (&words)[2]) {
  alignas(16) static constexpr WordPattern kHigh[2] = {PatternOf(0, 1), PatternOf(1, 1)};
  for (size_t pair = 0; pair < 2; ++pair) {
    const VByte high = hn::TableLookupBytesOr0(levels, hn::LoadDup128(DByte(), kHigh[pair].data()));
    words[pair] = hn::BitCast(DI(), hn::ShiftRight<8>(hn::BitCast(DWord(), high)));
  }
}

// Low and high bytes to words: inputs q = 0, 1 and q = 2, 3.
HWY_INLINE void JoinPairs(VByte low, VByte high, VI (&words)[2]) {
#if HWY_TARGET <= HWY_AVX3_DL
  using Bytes = std::array<uint8_t, 64>;
  static constexpr std::array<Bytes, 2> kPairs = [] {
    std::array<Bytes, 2> pairs = {};
    for (size_t pair = 0; pair < 2; ++pair) {
      for (size_t i = 0; i < 64; ++i) {
        pairs[pair][i] = static_cast<uint8_t>(ByteOfPair(pair, i) + i % 2 * 64);
      }
    }
    return pairs;
  }();
  for (size_t pair = 0; pair < 2; ++pair) {
    const __m512i of_pair = _mm512_loadu_si512(kPairs[pair].data());
    words[pair] = VI{_mm512_permutex2var_epi8(low.raw, of_pair, high.raw)};
  }
#elif HWY_TARGET == HWY_AVX2
  const __m256 first = _mm256_castsi256_ps(_mm256_unpacklo_epi8(low.raw, high.raw));
  const __m256 second = _mm256_castsi256_ps(_mm256_unpackhi_epi8(low.raw, high.raw));
  words[0] = VI{_mm256_castps_si256(_mm256_shuffle_ps(first, second, 0x88))};
  words[1] = VI{_mm256_castps_si256(_mm256_shuffle_ps(first, second, 0xDD))};
#else
  alignas(16) static constexpr WordPattern kLow[2] = {PatternOf(0, 0), PatternOf(1, 0)};
  alignas(16) static constexpr WordPattern kHigh[2] = {PatternOf(0, 1), PatternOf(1, 1)};
  for (size_t pair = 0; pair < 2; ++pair) {
    words[pair] = hn::BitCast(
        DI(), hn::Or(hn::TableLookupBytesOr0(low, hn::LoadDup128(DByte(), kLow[pair].data())),
                     hn::TableLookupBytesOr0(high, hn::LoadDup128(DByte(), kHigh[pair].data()))));
  }
#endif
}

// Indices of kBits bits without a path: a plane of 4 bits, and one of 1.
template <size_t kBits>
struct PlainCells {
  static_assert(kBits == 4 || kBits == 5);
  static constexpr size_t kVectors = kBits;
  using Indices = CellIndices<kBits - 4>;
  template <class Dot>
  using Table = NarrowTable<kBits - 4, Dot::kHasOffset>;
  struct State {};
  static HWY_INLINE State Start() { return {}; }

  static HWY_INLINE Indices Load(const uint8_t* HWY_RESTRICT cell, State& /*state*/) {
    Indices indices;
    for (size_t vector = 0; vector < 4; ++vector) {
      indices.nibbles[vector] = PlaneVector(cell, vector);
    }
    if constexpr (kBits == 5) indices.upper[0] = PlaneVector(cell, 4);
    return indices;
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
