// Products of 16-bit integers with the levels of coded keys and values (codec/kv_tile.h), for one
// target. The sums are exact.
#if defined(HLWQ_KERNELS_CPU_ATTENTION_CODES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ATTENTION_CODES_INL_H_
#undef HLWQ_KERNELS_CPU_ATTENTION_CODES_INL_H_
#else
#define HLWQ_KERNELS_CPU_ATTENTION_CODES_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "codec/kv_tile.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/lane_pairs-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kLaneBytes = 64;  // of 16 lanes of a group: a vector is a part of them

// What follows are the sources of products: groups of kBytes, each with kWords vectors of pairs of
// levels. A pair of word w has levels 4 (w / 2) + w % 2 and that + 2 of the group (StorePairWords);
// those of WideLevels lie as they were stored.

struct PlainLevels {  // 8 bits
  static constexpr size_t kWords = 2, kBytes = kLaneBytes;

  template <size_t kWord>
  HWY_INLINE VPairs Pairs(const uint8_t* HWY_RESTRICT at) const {
    return PairsOf<kWord>(LoadBytes(at));
  }
};

// Levels looked up by codes below 16.
template <int kBits>
class CodedLevels {
 public:
  static constexpr size_t kWords = kBits == 4 ? 4 : kBits == 2 ? 8 : 16;
  static constexpr size_t kBytes = kBits == 3 ? 3 * kLaneBytes : kLaneBytes;

  HWY_INLINE CodedLevels() : levels_(codec::KvLevels(kBits).data()) {}

  template <size_t kWord>
  HWY_INLINE VPairs Pairs(const uint8_t* HWY_RESTRICT at) const {
    return PairsOf<kWord % 2>(levels_(Codes<kWord / 2>(at)));
  }

 private:
  // Four codes a lane.
  template <size_t kQuad>
  static HWY_INLINE VLaneBytes Codes(const uint8_t* HWY_RESTRICT at) {
    if constexpr (kBits == 4) {
      return Field<4 * kQuad>(at, 15);
    } else if constexpr (kBits == 2) {
      return Field<2 * kQuad>(at, 3);
    } else {
      const VLaneBytes low = Field<kQuad % 4 * 2>(at + kQuad / 4 * kLaneBytes, 3);
      return OrBytes(low, HighBits<kQuad>(at + 2 * kLaneBytes));
    }
  }
  template <size_t kShift>
  static HWY_INLINE VLaneBytes Field(const uint8_t* HWY_RESTRICT at, uint8_t mask) {
    return AndBytes(ShiftedRight<kShift>(LoadBytes(at)), mask);
  }
  // Bit kQuad of each byte, as bit 2.
  template <size_t kQuad>
  static HWY_INLINE VLaneBytes HighBits(const uint8_t* HWY_RESTRICT at) {
    const VLaneBytes bytes = LoadBytes(at);
    if constexpr (kQuad >= 2) {
      return AndBytes(ShiftedRight<kQuad - 2>(bytes), 4);
    } else {
      return AndBytes(ShiftedLeft<2 - kQuad>(bytes), 4);
    }
  }

  LevelTable levels_;
};

// Pairs written out by Widen, which many rows share: groups of one word.
struct WideLevels {
  static constexpr size_t kWords = 1, kBytes = kLaneBytes;

  template <size_t kWord>
  HWY_INLINE VPairs Pairs(const uint8_t* HWY_RESTRICT at) const {
    return LoadPairs(at);
  }
};

// A matrix of levels: blocks of 16 lanes, block_bytes apart, each of `count` groups. The groups that
// `groups` names are read. What lies `to_next` bytes further on is read next, and fetched at the same pace:
// processors do not foresee the jump to another page.
struct LevelMatrix {
  const uint8_t* at;
  size_t block_bytes;
  const uint8_t* groups;
  size_t count;
  ptrdiff_t to_next;
};

// Of the tile that is read next, the group that lies where `at` is in this one. Not of levels written out by
// Widen, which has fetched them.
template <class Source>
HWY_INLINE void FetchNext(const uint8_t* at, const LevelMatrix& matrix) {
  if constexpr (!std::is_same_v<Source, WideLevels>) {
    HWY_UNROLL(3)
    for (size_t i = 0; i < Source::kBytes; i += kLaneBytes) {
      hwy::Prefetch(at + matrix.to_next + i);
    }
  }
}

template <size_t kRowWords, size_t kRows>
HWY_INLINE void AddWord(VPairs pairs, const int32_t* HWY_RESTRICT words, VI (&sums)[kRows]) {
  HWY_UNROLL(8)
  for (size_t row = 0; row < kRows; ++row) AddPairs(words[row * kRowWords], pairs, sums[row]);
}

template <class Source, size_t kRowWords, size_t kRows, size_t kVecs, size_t... kWord>
HWY_INLINE void AddGroup(const Source& source, const uint8_t* HWY_RESTRICT at,
                         const LevelMatrix& matrix, const int32_t* HWY_RESTRICT words,
                         VI (&sums)[kVecs][kRows], std::index_sequence<kWord...> /*words*/) {
  HWY_UNROLL(4)
  for (size_t v = 0; v < kVecs; ++v) {
    const uint8_t* from = at + v * kLanes / 16 * matrix.block_bytes + v * kLanes % 16 * 4;
    if (v * kLanes % 16 == 0) FetchNext<Source>(from, matrix);
    (AddWord<kRowWords, kRows>(source.template Pairs<kWord>(from), words + kWord, sums[v]), ...);
  }
}

// words [kRows, kRowWords], pairs of the depth. For each row the sums of its words times the pairs, of kVecs
// vectors of lanes: store(row, first lane, sums).
template <class Source, size_t kRowWords, size_t kRows, size_t kVecs, class Store>
HWY_INLINE void MultiplyLanes(const Source& source, const LevelMatrix& matrix,
                              const int32_t* HWY_RESTRICT words, size_t lane, const Store& store) {
  VI sums[kVecs][kRows];
  HWY_UNROLL(4)
  for (size_t v = 0; v < kVecs; ++v) {
    HWY_UNROLL(8)
    for (size_t row = 0; row < kRows; ++row) sums[v][row] = hn::Zero(DI());
  }
  const uint8_t* block = matrix.at + lane / 16 * matrix.block_bytes + lane % 16 * 4;
  for (size_t i = 0; i < matrix.count; ++i) {
    const size_t group = matrix.groups[i];
    AddGroup<Source, kRowWords, kRows, kVecs>(source, block + group * Source::kBytes, matrix,
                                              words + group * Source::kWords, sums,
                                              std::make_index_sequence<Source::kWords>());
  }
  // Through memory, as the loops of `store` would keep the sums there all the time.
  alignas(64) int32_t found[kVecs * kRows * kLanes];
  HWY_UNROLL(4)
  for (size_t v = 0; v < kVecs; ++v) {
    HWY_UNROLL(8)
    for (size_t row = 0; row < kRows; ++row) {
      hn::Store(sums[v][row], DI(), found + (row * kVecs + v) * kLanes);
    }
  }
  for (size_t i = 0; i < kRows * kVecs; ++i) {
    store(i / kVecs, lane + i % kVecs * kLanes, hn::Load(DI(), found + i * kLanes));
  }
}

// Vectors of lanes at once: as many sums as registers hold, and enough that none waits for the one
// before.
constexpr size_t LaneVectors(size_t rows) {
  const size_t vectors = (kManyRegisters ? 16 : 8) / rows;
  const size_t most = kManyRegisters ? 4 : 2;
  return vectors >= most ? most : vectors >= 2 ? 2 : 1;
}

// The same for lanes [0, lanes), a multiple of Store::kLaneMultiple.
template <class Source, size_t kRowWords, size_t kRows, class Store>
HWY_INLINE void MultiplyAllLanes(const Source& source, const LevelMatrix& matrix,
                                 const int32_t* HWY_RESTRICT words, size_t lanes,
                                 const Store& store) {
  constexpr size_t kVecs = LaneVectors(kRows);
  size_t lane = 0;
  for (; lane + kVecs * kLanes <= lanes; lane += kVecs * kLanes) {
    MultiplyLanes<Source, kRowWords, kRows, kVecs>(source, matrix, words, lane, store);
  }
  if constexpr (Store::kLaneMultiple % (kVecs * kLanes) != 0) {
    for (; lane < lanes; lane += kLanes) {
      MultiplyLanes<Source, kRowWords, kRows, 1>(source, matrix, words, lane, store);
    }
  }
}

// The same for up to kMost rows, eight at most.
template <size_t kRowWords, size_t kMost, class Source, class Store>
HWY_INLINE void MultiplyRows(const Source& source, const LevelMatrix& matrix, size_t count,
                             const int32_t* HWY_RESTRICT words, size_t lanes, const Store& store) {
  if constexpr (kMost > 1) {
    if (count < kMost) {
      return MultiplyRows<kRowWords, kMost - 1>(source, matrix, count, words, lanes, store);
    }
  }
  MultiplyAllLanes<Source, kRowWords, kMost>(source, matrix, words, lanes, store);
}

// All groups of a source as pairs, [lane block, word, 16 lanes].
template <class Source, size_t... kWord>
HWY_INLINE void WidenGroup(const Source& source, const uint8_t* HWY_RESTRICT at,
                           uint8_t* HWY_RESTRICT to, std::index_sequence<kWord...> /*words*/) {
  for (size_t v = 0; v < kLaneBytes; v += 4 * kLanes) {
    (StorePairs(source.template Pairs<kWord>(at + v), to + kWord * kLaneBytes + v), ...);
  }
}
template <class Source>
HWY_INLINE LevelMatrix Widen(const Source& source, const LevelMatrix& matrix, size_t lanes,
                             uint8_t* HWY_RESTRICT to) {
  const size_t words = matrix.count * Source::kWords;
  for (size_t block = 0; block < lanes / 16; ++block) {
    for (size_t group = 0; group < matrix.count; ++group) {
      const uint8_t* from = matrix.at + block * matrix.block_bytes + group * Source::kBytes;
      FetchNext<Source>(from, matrix);
      WidenGroup(source, from, to + (block * words + group * Source::kWords) * kLaneBytes,
                 std::make_index_sequence<Source::kWords>());
    }
  }
  return {to, words * kLaneBytes, matrix.groups, words, 0};
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
