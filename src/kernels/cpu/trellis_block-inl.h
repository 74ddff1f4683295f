// Trellis blocks in block form (codec/trellis_tile.h) to table indices, and numbers of levels to blocks.
#if defined(HLWQ_KERNELS_CPU_TRELLIS_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TRELLIS_BLOCK_INL_H_
#undef HLWQ_KERNELS_CPU_TRELLIS_BLOCK_INL_H_
#else
#define HLWQ_KERNELS_CPU_TRELLIS_BLOCK_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/trellis_tile.h"
#include "hwy/highway.h"
#include "kernels/cpu/lane_codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// The path bits of half a block.
template <int kBits>
HWY_INLINE uint64_t PathOfCells(const uint8_t* HWY_RESTRICT block, size_t group) {
  uint32_t words[codec::kCellsPerGroup];
  for (size_t i = 0; i < codec::kCellsPerGroup; ++i) {
    const size_t cell = group * codec::kCellsPerGroup + i;
    std::memcpy(&words[i], block + cell * codec::TrellisCellBytes(kBits), sizeof(uint32_t));
  }
  return words[0] | static_cast<uint64_t>(words[1]) << codec::kCellInputs;
}

// N runs of 16 bytes, at `from` + begins[0..N - 1].
template <size_t N>
HWY_INLINE hn::Vec<hn::FixedTag<uint8_t, 16 * N> > LoadBegins(const uint8_t* HWY_RESTRICT from,
                                                              const uint8_t* begins) {
  const hn::FixedTag<uint8_t, 16 * N> d;
  if constexpr (N == 1) {
    return hn::LoadU(d, from + begins[0]);
  } else {
    return hn::Combine(d, LoadBegins<N / 2>(from, begins + N / 2), LoadBegins<N / 2>(from, begins));
  }
}

// One plane: Get(block, vector) is its bits of kByteLanes inputs, at their place in the index value.
template <int kBits, size_t kPlane>
class PlaneBits {
 public:
  static constexpr codec::TrellisPlane kThe = codec::PlanesOf(kBits)[kPlane];

  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT block, size_t vector) const {
    const DByte d;
    const VByte loaded = LoadBegins<kByteLanes / 16>(block, &kBegins[vector * kByteLanes / 16]);
    const VByte bytes = hn::TableLookupBytes(loaded, hn::LoadU(d, &kShuffle[vector * kByteLanes]));
    if constexpr (kThe.width == 4) {
      static_assert(kThe.low_bit == 0);
      const DUWord words;
      const VByte high = hn::BitCast(d, hn::ShiftRight<4>(hn::BitCast(words, bytes)));
      const VByte is_high = hn::LoadDup128(d, kIsHigh.data());
      return hn::And(hn::IfVecThenElse(is_high, high, bytes), hn::Set(d, 15));
    } else {
      VByte index = BitOf<0>(bytes);
      if constexpr (kThe.width == 2) index = hn::Or(index, BitOf<1>(bytes));
      return index;
    }
  }

 private:
  template <size_t kBit>
  static HWY_INLINE VByte BitOf(VByte bytes) {
    const DByte d;
    const VByte bit = hn::LoadDup128(d, kBitOf[kBit].data());
    return hn::IfThenElseZero(hn::TestBit(bytes, bit), hn::Set(d, 1 << (kThe.low_bit + kBit)));
  }

  static constexpr size_t kLoads = kBlock / 16;
  // Where the plane's words of 16 inputs begin, and the load that has them and ends inside the block.
  static constexpr size_t WordsBegin(size_t load) {
    return load * 16 / codec::kCellInputs * codec::TrellisCellBytes(kBits) +
           kThe.vector * codec::kTileWordBytes;
  }
  static constexpr size_t LoadBegin(size_t load) {
    return std::min(WordsBegin(load), codec::TrellisBlockBytes(kBits) - 16);
  }
  static constexpr std::array<uint8_t, kLoads> kBegins = [] {
    std::array<uint8_t, kLoads> begins = {};
    for (size_t i = 0; i < kLoads; ++i) begins[i] = static_cast<uint8_t>(LoadBegin(i));
    return begins;
  }();
  static constexpr LaneBytes kShuffle = [] {
    LaneBytes shuffle = {};
    for (size_t i = 0; i < kBlock; ++i) {
      const size_t skipped = WordsBegin(i / 16) - LoadBegin(i / 16);
      const size_t vector = kThe.VectorOf(i % codec::kPlaneSteps) - kThe.vector;
      const size_t byte = i % codec::kCellInputs / codec::kPlaneSteps;
      shuffle[i] = static_cast<uint8_t>(skipped + vector * codec::kTileWordBytes + byte);
    }
    return shuffle;
  }();
  using Steps = std::array<uint8_t, 16>;
  alignas(16) static constexpr Steps kIsHigh = [] {
    Steps is_high = {};
    for (size_t i = 0; i < 16; ++i) is_high[i] = kThe.ShiftOf(i % codec::kPlaneSteps) ? 255 : 0;
    return is_high;
  }();
  alignas(16) static constexpr std::array<Steps, 2> kBitOf = [] {
    std::array<Steps, 2> bits = {};
    for (size_t bit = 0; bit < std::min<size_t>(kThe.width, 2); ++bit) {
      for (size_t i = 0; i < 16; ++i) {
        bits[bit][i] = static_cast<uint8_t>(1 << (kThe.ShiftOf(i % codec::kPlaneSteps) + bit));
      }
    }
    return bits;
  }();
};

// Get(block, vector) is kByteLanes table indices (DotLevels::OfTrellis) in the order of the inputs.
template <int kBits>
class TrellisBlockIndices {
 public:
  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT block, size_t vector) const {
    const codec::TrellisSubsets subsets =
        codec::SubsetsOf(PathOfCells<kBits>(block, vector * kByteLanes / codec::kGroupSize));
    VByte index =
        hn::Or(OfPath(subsets.low, vector, kBits - 1), OfPath(subsets.high, vector, kBits));
    index = hn::Or(index, first_.Get(block, vector));
    if constexpr (kPlanes == 2) index = hn::Or(index, second_.Get(block, vector));
    return index;
  }

  HWY_INLINE void Store(const uint8_t* HWY_RESTRICT block, uint8_t* HWY_RESTRICT indices) const {
    for (size_t i = 0; i < kByteVectors; ++i) {
      hn::Store(Get(block, i), DByte(), indices + i * kByteLanes);
    }
  }

 private:
  static constexpr size_t kPlanes = codec::PlanesOf(kBits)[1].width == 0 ? 1 : 2;

  // Bit t of a group's 64 as a bit of byte t.
  static HWY_INLINE VByte OfPath(uint64_t bits, size_t vector, int to_bit) {
    const DByte d;
    const hn::Repartition<uint64_t, DByte> d64;
    const VByte byte_of = hn::LoadU(d, &kByteOf[vector * kByteLanes]);
    const VByte bytes = hn::TableLookupBytes(hn::BitCast(d, hn::Set(d64, bits)), byte_of);
    return hn::IfThenElseZero(hn::TestBit(bytes, hn::LoadDup128(d, kBitOf.data())),
                              hn::Set(d, static_cast<uint8_t>(1 << to_bit)));
  }

  static constexpr LaneBytes kByteOf = [] {
    LaneBytes bytes = {};
    for (size_t i = 0; i < kBlock; ++i) {
      bytes[i] = static_cast<uint8_t>(i % codec::kGroupSize / 8);
    }
    return bytes;
  }();
  alignas(16) static constexpr std::array<uint8_t, 16> kBitOf = [] {
    std::array<uint8_t, 16> bits = {};
    for (size_t i = 0; i < 16; ++i) bits[i] = static_cast<uint8_t>(1 << i % 8);
    return bits;
  }();

  PlaneBits<kBits, 0> first_;
  PlaneBits<kBits, kPlanes - 1> second_;
};

// The bytes at one place of a plane's words, from the numbers of the levels of their eight inputs: to
// bytes[0], bytes[kTileWordBytes], ..., one of each vector.
template <size_t kWidth>
HWY_INLINE void PackSteps(uint64_t numbers, size_t low_bit, uint8_t* HWY_RESTRICT bytes) {
  constexpr uint64_t kField = ((1u << kWidth) - 1) * 0x0101'0101'0101'0101u;
  const uint64_t fields = numbers >> (2 + low_bit) & kField;  // below the index: its subset
  // Steps p and p + 4 are in one byte.
  const uint64_t pairs = fields | fields >> 28;
  if constexpr (kWidth == 4) {
    for (size_t p = 0; p < 4; ++p) {
      bytes[p * codec::kTileWordBytes] = static_cast<uint8_t>(pairs >> 8 * p);
    }
  } else if constexpr (kWidth == 2) {
    const uint64_t both = pairs | pairs >> 6;
    bytes[0] = static_cast<uint8_t>(both);
    bytes[codec::kTileWordBytes] = static_cast<uint8_t>(both >> 16);
  } else {
    const uint64_t both = pairs | pairs >> 7;
    bytes[0] = static_cast<uint8_t>(both | both >> 14);
  }
}

// A block from its numbers of levels and path words.
template <int kBits>
HWY_INLINE void PackCells(const uint8_t* HWY_RESTRICT numbers,
                          const uint64_t (&paths)[codec::kBlockSize / codec::kGroupSize],
                          uint8_t* HWY_RESTRICT block) {
  constexpr codec::TrellisPlanes kPlanes = codec::PlanesOf(kBits);
  for (size_t cell = 0; cell < codec::kCellsPerBlock; ++cell) {
    uint8_t* words = block + cell * codec::TrellisCellBytes(kBits);
    const auto path = static_cast<uint32_t>(paths[cell / codec::kCellsPerGroup] >>
                                            cell % codec::kCellsPerGroup * codec::kCellInputs);
    std::memcpy(words, &path, sizeof(path));
    for (size_t q = 0; q < codec::kTileWordBytes; ++q) {
      uint64_t steps;
      std::memcpy(&steps, numbers + cell * codec::kCellInputs + q * codec::kPlaneSteps, 8);
      PackSteps<kPlanes[0].width>(steps, kPlanes[0].low_bit,
                                  words + kPlanes[0].vector * codec::kTileWordBytes + q);
      if constexpr (kPlanes[1].width > 0) {
        PackSteps<kPlanes[1].width>(steps, kPlanes[1].low_bit,
                                    words + kPlanes[1].vector * codec::kTileWordBytes + q);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
