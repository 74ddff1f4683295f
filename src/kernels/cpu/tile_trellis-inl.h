// Cells of the trellis code to levels (tile_cells-inl.h). Cells of kBits bits a weight have: Indices, what
// Load keeps of them; State, what the next cell of a group wants of them; Table<Dot>, levels
// by indices, as Dot takes them.
#if defined(HLWQ_KERNELS_CPU_TILE_TRELLIS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_TRELLIS_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_TRELLIS_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_TRELLIS_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "codec/trellis_table.h"
#include "hwy/highway.h"
#include "kernels/cpu/tile_cells-inl.h"
#include "kernels/dot_levels.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// What the next cell needs.
struct PathState {
  VU previous;  // the path bits before the cell
};

#if HWY_TARGET <= HWY_AVX3_DL

// A multishift takes windows of path bits: bits t - 3 .. t of a row choose the subset of input t, by a
// permute, or beside the index the level at once.

// The subset of the window's last input; its first bit is the lowest.
constexpr size_t SubsetOfWindow(uint64_t window) {
  const codec::TrellisSubsets subsets = codec::SubsetsOf(window);
  return 2 * (subsets.high >> 3 & 1) + (subsets.low >> 3 & 1);
}

// Windows of steps, in the low four bits of bytes, path bits above. Steps below 3 reach back into the
// cell before: they are taken from the path moved up by three bits, and so five controls serve eight.
class WindowControls {
 public:
  HWY_INLINE WindowControls() {
    for (size_t i = 0; i < kControls; ++i) controls_[i] = _mm512_loadu_si512(kOffsets[i].data());
  }
  template <size_t kStep>
  HWY_INLINE __m512i Window(VU path, VU moved) const {
    return kStep < kBack ? _mm512_multishift_epi64_epi8(controls_[kStep % kControls], moved.raw)
                         : _mm512_multishift_epi64_epi8(controls_[(kStep + 5) % 8], path.raw);
  }

 private:
  static constexpr size_t kBack = 3, kControls = 8 - kBack;
  using Offsets = std::array<uint8_t, 64>;
  static constexpr std::array<Offsets, kControls> kOffsets = [] {
    std::array<Offsets, kControls> offsets = {};
    for (size_t i = 0; i < kControls; ++i) {
      for (size_t byte = 0; byte < 64; ++byte) {
        offsets[i][byte] = static_cast<uint8_t>(8 * (byte % 8) + i);
      }
    }
    return offsets;
  }();

  __m512i controls_[kControls];
};

// What a cell of kBits bits a weight holds: its path, and index bits of which nibble s has those of the
// steps s and s + 4.
template <size_t kBits>
struct WindowIndices {
  VU path, moved;
  VByte nibbles[4];
  VByte fifth;  // of 6 bits: the highest of an index, bit s of bytes for step s
};

// Subsets of steps, from the bit kAt of bytes on.
template <size_t kAt>
class WindowSubsets {
 public:
  HWY_INLINE WindowSubsets() : subsets_(_mm512_loadu_si512(kSubsets.data())) {}
  template <size_t kStep, class Indices>
  HWY_INLINE VByte Get(const Indices& indices) const {
    const __m512i window = controls_.template Window<kStep>(indices.path, indices.moved);
    return VByte{_mm512_permutexvar_epi8(window, subsets_)};
  }

 private:
  static constexpr std::array<uint8_t, 64> kSubsets = [] {
    std::array<uint8_t, 64> subsets = {};
    for (size_t i = 0; i < subsets.size(); ++i) {
      subsets[i] = static_cast<uint8_t>(SubsetOfWindow(i % 16) << kAt);
    }
    return subsets;
  }();

  const WindowControls controls_;
  const __m512i subsets_;
};

// Narrow levels with their offset, by the index below the subset.
template <size_t kBits>
class WindowTable {
 public:
  explicit HWY_INLINE WindowTable(const DotLevels& levels)
      : levels_(hn::Load(DByte(), levels.narrow.data())) {}
  template <size_t kStep>
  HWY_INLINE VByte Levels(const WindowIndices<kBits>& indices) const {
    const VByte index = MoveBits<kStep / 4 * 4, 0>(indices.nibbles[kStep % 4]);
    const VByte number = Mix<(1 << (kBits - 1)) - 1>(index, subsets_.template Get<kStep>(indices));
    return VByte{_mm512_permutexvar_epi8(number.raw, levels_.raw)};
  }

 private:
  const WindowSubsets<kBits - 1> subsets_;
  const VByte levels_;
};

// The same where index and window together choose from 64 levels: no subsets in between.
template <size_t kBits>
requires(kBits <= 3) class WindowTable<kBits> {
 public:
  explicit HWY_INLINE WindowTable(const DotLevels& levels) {
    alignas(64) uint8_t table[64];
    for (size_t i = 0; i < 64; ++i) {
      const size_t index = i / 16 % (size_t{1} << (kBits - 1));
      table[i] = levels.narrow[index | SubsetOfWindow(i % 16) << (kBits - 1)];
    }
    levels_ = hn::Load(DByte(), table);
  }
  template <size_t kStep>
  HWY_INLINE VByte Levels(const WindowIndices<kBits>& indices) const {
    const VByte window{controls_.template Window<kStep>(indices.path, indices.moved)};
    const VByte index = MoveBits<kStep / 4 * 4, 4>(indices.nibbles[kStep % 4]);
    return VByte{_mm512_permutexvar_epi8(Mix<0x0F>(window, index).raw, levels_.raw)};
  }

 private:
  const WindowControls controls_;
  VByte levels_;
};

// The 128 wide levels of 6 bits, low and high bytes by the same numbers.
class WideTable {
 public:
  explicit HWY_INLINE WideTable(const DotLevels& levels) : low_(levels, 0), high_(levels, 8) {}
  template <size_t kStep>
  HWY_INLINE void Levels(const WindowIndices<6>& indices, VI (&words)[2]) const {
    const VByte nibble = MoveBits<kStep / 4 * 4, 0>(indices.nibbles[kStep % 4]);
    const VByte index = Mix<0x0F>(nibble, MoveBits<kStep, 4>(indices.fifth));
    const VByte number = Mix<0x1F>(index, subsets_.template Get<kStep>(indices));
    JoinPairs(low_.Get(number), high_.Get(number), words);
  }

 private:
  struct Bytes {
    // From bit `shift` of the levels on.
    HWY_INLINE Bytes(const DotLevels& levels, int shift) {
      alignas(64) uint8_t bytes[128];
      for (size_t k = 0; k < 128; ++k) bytes[k] = static_cast<uint8_t>(levels.wide[k] >> shift);
      lower = _mm512_load_si512(bytes);
      upper = _mm512_load_si512(bytes + 64);
    }
    HWY_INLINE VByte Get(VByte number) const {
      return VByte{_mm512_permutex2var_epi8(lower, number.raw, upper)};
    }
    __m512i lower, upper;
  };

  const WindowSubsets<5> subsets_;
  Bytes low_, high_;
};

template <size_t kBits>
struct TrellisTileCells {
  static_assert(kBits >= 2 && kBits <= 6);
  static constexpr size_t kVectors = kBits;
  using Indices = WindowIndices<kBits>;
  template <class Dot>
  using Table = std::conditional_t<kBits == 6, WideTable, WindowTable<kBits> >;
  using State = PathState;
  static HWY_INLINE State Start() { return {hn::Zero(DU())}; }

  static HWY_INLINE Indices Load(const uint8_t* HWY_RESTRICT cell, State& state) {
    Indices indices;
    indices.path = hn::BitCast(DU(), hn::LoadU(DByte(), cell));
    indices.moved = hn::Or(hn::ShiftLeft<3>(indices.path), hn::ShiftRight<29>(state.previous));
    state.previous = indices.path;
    const uint8_t* HWY_RESTRICT planes = cell + kVectorBytes;
    ForNibbles([&](auto nibble) HWY_ATTR {
      constexpr size_t kStep = decltype(nibble)::value;
      VByte& to = indices.nibbles[kStep];
      if constexpr (kBits >= 5) {
        to = PlaneVector(planes, kStep);
      } else if constexpr (kBits == 2) {
        to = MoveBits<kStep, 0>(PlaneVector(planes, 0));
      } else {
        to = MoveBits<2 * (kStep % 2), 0>(PlaneVector(planes, kStep / 2));
        if constexpr (kBits == 4) to = Mix<0x33>(to, MoveBits<kStep, 2>(PlaneVector(planes, 2)));
      }
    });
    if constexpr (kBits == 6) indices.fifth = PlaneVector(planes, 4);
    return indices;
  }
};

#else

// Words of subset bits, made by shifts of whole paths, are the upper bits of indices, k | d << (kBits - 1).

// Bits s of both words side by side, `low` first: from bit s on of pairs[0] for even s, from bit s - 1 on of
// pairs[1] for odd s.
HWY_INLINE void FindPairs(VByte low, VByte high, VByte (&pairs)[2]) {
  pairs[0] = Mix<0x55>(low, MoveBits<0, 1>(high));
  pairs[1] = Mix<0x55>(MoveBits<1, 0>(low), high);
}

// Both bytes of a word from the one of its level.
constexpr WordPattern BothOf(size_t pair) {
  WordPattern pattern = {};
  for (size_t i = 0; i < 16; ++i) pattern[i] = static_cast<uint8_t>(ByteOfPair(pair, i));
  return pattern;
}

// The 128 wide levels of 6 bits, of which 127 - p is minus p: those below zero only, by low and high bytes. Where the
// highest index bit is set, the other bits of a number are turned over, those above the nibble as Load
// leaves them, and the level's sign.
class WideTable {
 public:
  explicit HWY_INLINE WideTable(const DotLevels& levels)
      : low_(NegativeBytes(levels, 0)), high_(NegativeBytes(levels, 8)) {}

  template <size_t kStep>
  HWY_INLINE void Levels(const CellIndices<3>& indices, VI (&words)[2]) const {
    const VByte turned = hn::BitCast(
        DByte(), hn::BroadcastSignBit(hn::BitCast(DSByte(), MoveBits<kStep, 7>(indices.upper[2]))));
    const VByte index = hn::Xor(MoveBits<kStep / 4 * 4, 0>(indices.nibbles[kStep % 4]), turned);
    const VByte nibble = hn::And(index, hn::Set(DByte(), 15));
    JoinPairs(low_.template At<kStep>(nibble, indices.upper),
              high_.template At<kStep>(nibble, indices.upper), words);
    alignas(16) static constexpr WordPattern kBoth[2] = {BothOf(0), BothOf(1)};
    for (size_t pair = 0; pair < 2; ++pair) {
      const VWord sign = hn::BitCast(
          DWord(), hn::TableLookupBytes(turned, hn::LoadDup128(DByte(), kBoth[pair].data())));
      words[pair] =
          hn::BitCast(DI(), hn::Sub(hn::Xor(hn::BitCast(DWord(), words[pair]), sign), sign));
    }
  }

 private:
  // Of levels d << 5 | k, k below 16.
  static HWY_INLINE std::array<uint8_t, 64> NegativeBytes(const DotLevels& levels, int shift) {
    std::array<uint8_t, 64> bytes;
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<uint8_t>(levels.wide[i / 16 * 32 + i % 16] >> shift);
    }
    return bytes;
  }

  ChosenBytes<2> low_, high_;
};

template <size_t kBits>
struct TrellisTileCells {
  static_assert(kBits >= 2 && kBits <= 6);
  static constexpr size_t kVectors = kBits;
  static constexpr size_t kUpper = kBits <= 3 ? 0 : kBits - 3;
  using Indices = CellIndices<kUpper>;
  template <class Dot>
  using Table = std::conditional_t<kBits == 6, WideTable, NarrowTable<kUpper, Dot::kHasOffset> >;
  using State = PathState;
  static HWY_INLINE State Start() { return {hn::Zero(DU())}; }

  static HWY_INLINE Indices Load(const uint8_t* HWY_RESTRICT cell, State& state) {
    const VU path = hn::BitCast(DU(), hn::LoadU(DByte(), cell));
    const VU before = state.previous;
    state.previous = path;
    const auto earlier = [&](auto steps) HWY_ATTR {
      constexpr int kSteps = decltype(steps)::value;
      return hn::Or(hn::ShiftLeft<kSteps>(path), hn::ShiftRight<32 - kSteps>(before));
    };
    const VByte low = hn::BitCast(DByte(), earlier(std::integral_constant<int, 2>()));
    const VByte high =
        hn::BitCast(DByte(), hn::Xor(path, hn::Xor(earlier(std::integral_constant<int, 1>()),
                                                   earlier(std::integral_constant<int, 3>()))));
    const uint8_t* HWY_RESTRICT planes = cell + kVectorBytes;
    Indices indices;
    // The two bits above those of the first plane, for even steps and for odd ones.
    VByte pairs[2];
    if constexpr (kBits <= 3) FindPairs(low, high, pairs);
    if constexpr (kBits == 4) FindPairs(PlaneVector(planes, 2), low, pairs);
    ForNibbles([&](auto nibble) HWY_ATTR {
      constexpr size_t kStep = decltype(nibble)::value;
      constexpr int kPair = kStep / 2 * 2;  // where its pair begins
      VByte& to = indices.nibbles[kStep];
      if constexpr (kBits >= 5) {
        to = PlaneVector(planes, kStep);
      } else if constexpr (kBits == 2) {
        const VByte index = MoveBits<kStep, 0>(PlaneVector(planes, 0));
        to = Mix<0x11>(index, MoveBits<kPair, 1>(pairs[kStep % 2]));
        to = hn::And(to, hn::Set(DByte(), 0x77));
      } else {
        const VByte index = MoveBits<2 * (kStep % 2), 0>(PlaneVector(planes, kStep / 2));
        to = Mix<0x33>(index, MoveBits<kPair, 2>(pairs[kStep % 2]));
      }
    });
    if constexpr (kBits == 4) {
      indices.upper[0] = high;
    } else if constexpr (kBits == 5) {
      indices.upper[0] = low;
      indices.upper[1] = high;
    } else if constexpr (kBits == 6) {
      const VByte fifth = PlaneVector(planes, 4);
      indices.upper[0] = hn::Xor(low, fifth);
      indices.upper[1] = hn::Xor(high, fifth);
      indices.upper[2] = fifth;
    }
    return indices;
  }
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
