// Codes to bytes by shuffles in 128-bit lanes: what every target with vectors has. Sixteen codes
// are 2 b bytes of the stream, and a lane.
#if defined(HLWQ_KERNELS_CPU_LANE_CODES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LANE_CODES_INL_H_
#undef HLWQ_KERNELS_CPU_LANE_CODES_INL_H_
#else
#define HLWQ_KERNELS_CPU_LANE_CODES_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/bitpack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using DByte = hn::Repartition<uint8_t, DF>;
using DWord = hn::Repartition<int16_t, DF>;
using DUWord = hn::RebindToUnsigned<DWord>;
using VByte = hn::Vec<DByte>;
constexpr size_t kByteLanes = hn::MaxLanes(DByte());
constexpr size_t kByteVectors = kBlock / kByteLanes;  // of a block
constexpr size_t kHalfVectors = kByteVectors / 2;

// Where lane `lane` of a block begins in its 16 * bits bytes.
constexpr size_t LaneBegin(size_t bits, size_t lane) { return 2 * bits * lane; }

// For TableLookupBytes, all lanes of a block.
using LaneBytes = std::array<uint8_t, kBlock>;

#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86

// 64 bytes, or all of a smaller block.
template <size_t kBlockBytes>
HWY_INLINE __m512i LoadStream(const uint8_t* HWY_RESTRICT from) {
  if constexpr (kBlockBytes >= 64) {
    return _mm512_loadu_si512(from);
  } else if constexpr (kBlockBytes == 48) {
    return _mm512_maskz_loadu_epi8((uint64_t{1} << 48) - 1, from);
  } else if constexpr (kBlockBytes == 32) {
    return _mm512_zextsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  } else {
    return _mm512_zextsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
}

// How many bytes before its beginning a lane is loaded.
constexpr size_t LaneSkip(size_t /*bits*/, size_t /*lane*/) { return 0; }

// 16 bytes to each lane, shuffled. Lanes begin at even bytes, so words are
// distributed to four lanes at a time; both halves of the block are loaded inside it.
template <size_t kBits>
HWY_INLINE VByte GatherLanes(const uint8_t* HWY_RESTRICT packed, size_t vector,
                             const LaneBytes& shuffle) {
  constexpr size_t kBlockBytes = 16 * kBits;
  constexpr size_t kUpperLoad = kBlockBytes <= 64 ? 0 : kBlockBytes - 64;
  alignas(64) static constexpr auto kWords = [] {
    std::array<std::array<uint16_t, 32>, 2> words = {};
    for (size_t i = 0; i < 64; ++i) {
      const size_t first = (LaneBegin(kBits, i / 8) - (i < 32 ? 0 : kUpperLoad)) / 2;
      words[i / 32][i % 32] = static_cast<uint16_t>(std::min<size_t>(first + i % 8, 31));
    }
    return words;
  }();
  const __m512i stream = LoadStream<kBlockBytes>(packed + (vector == 0 ? 0 : kUpperLoad));
  const __m512i lanes = _mm512_permutexvar_epi16(_mm512_load_si512(kWords[vector].data()), stream);
  return hn::TableLookupBytes(VByte{lanes}, hn::LoadU(DByte(), &shuffle[vector * kByteLanes]));
}

#else

// N runs of 16 bytes, at `from` + at(0..N - 1).
template <size_t N, class At>
HWY_INLINE hn::Vec<hn::FixedTag<uint8_t, 16 * N> > LoadRuns(const uint8_t* HWY_RESTRICT from,
                                                            const At& at) {
  const hn::FixedTag<uint8_t, 16 * N> d;
  if constexpr (N == 1) {
    return hn::LoadU(d, from + at(0));
  } else {
    const auto upper_at = [&](size_t lane) { return at(N / 2 + lane); };
    return hn::Combine(d, LoadRuns<N / 2>(from, upper_at), LoadRuns<N / 2>(from, at));
  }
}

// How many bytes before its beginning a lane is loaded: so many that its load ends inside the
// block.
constexpr size_t LaneSkip(size_t bits, size_t lane) {
  return LaneBegin(bits, lane) - std::min(LaneBegin(bits, lane), 16 * bits - 16);
}

// 16 bytes to each lane, shuffled.
template <size_t kBits>
HWY_INLINE VByte GatherLanes(const uint8_t* HWY_RESTRICT packed, size_t vector,
                             const LaneBytes& shuffle) {
  constexpr size_t kLanesOf16 = kByteLanes / 16;
  const auto at = [&](size_t i) {
    const size_t lane = vector * kLanesOf16 + i;
    return LaneBegin(kBits, lane) - LaneSkip(kBits, lane);
  };
  const VByte loaded = LoadRuns<kLanesOf16>(packed, at);
  return hn::TableLookupBytes(loaded, hn::LoadU(DByte(), &shuffle[vector * kByteLanes]));
}

#endif

// Sources of codes: Get(packed, vector) is kByteLanes codes in order, zeros above their bits.

// Up to six bits, where a pair of codes is always within two bytes of the stream. A word gets the
// two bytes that hold its pair of codes, moved to the top by a multiplication, and the codes are
// put into its bytes. Most significant bit first: the first code is the upper one; least
// significant first (five bits): the lower one.
template <size_t kBits, bool kMsbFirst = true>
class PairCodes {
 public:
  static_assert(kBits <= 6);

  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT packed, size_t vector) const {
    const DUWord d;
    auto pairs = hn::BitCast(d, GatherLanes<kBits>(packed, vector, kShuffle));
    if constexpr (kBits != 4) pairs = hn::Mul(pairs, hn::LoadDup128(d, kToTop.data()));
    // In the low byte the first code, in the high byte the second one.
    const auto upper = hn::Set(d, ((1 << kBits) - 1) << 8);
    const auto lower = hn::Set(d, (1 << kBits) - 1);
    if constexpr (!kMsbFirst) {
      return hn::BitCast(DByte(), hn::Or(hn::And(hn::ShiftRight<16 - 2 * kBits>(pairs), lower),
                                         hn::And(hn::ShiftRight<8 - kBits>(pairs), upper)));
    } else if constexpr (kBits <= 4) {
      return hn::BitCast(DByte(), hn::Or(hn::ShiftRight<16 - kBits>(pairs),
                                         hn::And(hn::ShiftRight<8 - 2 * kBits>(pairs), upper)));
    } else {
      return hn::BitCast(DByte(), hn::Or(hn::ShiftRight<16 - kBits>(pairs),
                                         hn::And(hn::ShiftLeft<2 * kBits - 8>(pairs), upper)));
    }
  }

 private:
  static constexpr LaneBytes kShuffle = [] {
    LaneBytes shuffle = {};
    for (size_t i = 0; i < kBlock; i += 2) {
      const size_t first = LaneSkip(kBits, i / 16) + i % 16 * kBits / 8;
      // The second byte may lie after the load only where the first one holds the pair.
      const size_t second = std::min<size_t>(first + 1, 15);
      shuffle[i] = static_cast<uint8_t>(kMsbFirst ? second : first);
      shuffle[i + 1] = static_cast<uint8_t>(kMsbFirst ? first : second);
    }
    return shuffle;
  }();
  alignas(16) static constexpr std::array<uint16_t, 8> kToTop = [] {
    std::array<uint16_t, 8> factors = {};
    for (size_t i = 0; i < 8; ++i) {
      const size_t skipped = 2 * kBits * i % 8;
      factors[i] = static_cast<uint16_t>(1u << (kMsbFirst ? skipped : 16 - 2 * kBits - skipped));
    }
    return factors;
  }();
};

// Groups of eight codes in 64-bit lanes.
template <size_t kBits>
class GroupCodes {
 public:
  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT packed, size_t vector) const {
    const VByte groups = GatherLanes<kBits>(packed, vector, kShuffle);
    return hn::BitCast(DByte(), UnpackGroup<kBits>(hn::BitCast(DGroup(), groups)));
  }

 private:
  static constexpr LaneBytes kShuffle = [] {
    LaneBytes shuffle = {};
    for (size_t i = 0; i < kBlock; ++i) {
      const size_t byte = LaneSkip(kBits, i / 16) + i % 16 / 8 * kBits + i % 8;
      shuffle[i] = static_cast<uint8_t>(std::min<size_t>(byte, 15));
    }
    return shuffle;
  }();
};

template <size_t kBits>
class LaneHalfNibbleCodes {
 public:
  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT packed, size_t vector) const {
    const VByte both = hn::LoadU(DByte(), packed + vector % kHalfVectors * kByteLanes);
    const DUWord d;
    const VByte high = hn::BitCast(DByte(), hn::ShiftRight<4>(hn::BitCast(d, both)));
    return hn::And(vector < kHalfVectors ? both : high, hn::Set(DByte(), (1 << kBits) - 1));
  }
};

template <size_t kBits>
class LanePlainCodes {
 public:
  HWY_INLINE VByte Get(const uint8_t* HWY_RESTRICT packed, size_t vector) const {
    const VByte codes = hn::LoadU(DByte(), packed + vector * kByteLanes);
    return kBits == 8 ? codes : hn::And(codes, hn::Set(DByte(), (1 << kBits) - 1));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
