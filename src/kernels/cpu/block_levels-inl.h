// The levels of one block of codes, in the order of the inputs: bytes with their offset, or words.
#if defined(HLWQ_KERNELS_CPU_BLOCK_LEVELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_BLOCK_LEVELS_INL_H_
#undef HLWQ_KERNELS_CPU_BLOCK_LEVELS_INL_H_
#else
#define HLWQ_KERNELS_CPU_BLOCK_LEVELS_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/bitpack.h"
#include "hwy/highway.h"
#include "kernels/cpu/bitpack-inl.h"
#include "kernels/dot_levels.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// The codes of a block in memory; `slack` is the number of readable bytes after it.
template <int kBits>
HWY_INLINE void UnpackCodes(codec::BitOrder order, const uint8_t* packed, size_t slack,
                            uint8_t* HWY_RESTRICT codes) {
  if (order == codec::BitOrder::kMsb) {
    UnpackBlockCodes<kBits>(packed, slack, codes);
  } else {
    const size_t bytes = codec::PackedBlockBytes(order, kBits);
    codec::UnpackBlock(order, kBits, std::span(reinterpret_cast<const std::byte*>(packed), bytes),
                       std::span<uint8_t, kBlock>(codes, kBlock));
  }
}

#if HWY_TARGET <= HWY_AVX3_DL  // byte permutes across a whole vector: 64 codes at a time

constexpr size_t kCodesPerVector = 64;

// How eight codes are taken out of kBits bytes: the bytes of each group go to a 64-bit lane, the
// last one lowest, and code i then begins at bit kBits * (7 - i).
struct alignas(64) GroupShuffle {
  uint8_t bytes[64];
  uint8_t shifts[64];
};
template <size_t kBits>
constexpr GroupShuffle MakeGroupShuffle() {
  GroupShuffle shuffle{};
  for (size_t i = 0; i < 64; ++i) {
    const size_t byte = i % 8 < kBits ? i % 8 : kBits - 1;
    shuffle.bytes[i] = static_cast<uint8_t>(i / 8 * kBits + (kBits - 1 - byte));
    shuffle.shifts[i] = static_cast<uint8_t>(kBits * (7 - i % 8));
  }
  return shuffle;
}
template <size_t kBits>
inline constexpr GroupShuffle kGroupShuffle = MakeGroupShuffle<kBits>();

// 64 codes from 8 * kBits bytes of an MSB-first stream; the bits above kBits are noise.
template <int kBits>
HWY_INLINE __m512i StreamCodes(const uint8_t* HWY_RESTRICT packed) {
  constexpr __mmask64 kBytes = ~__mmask64{0} >> (64 - 8 * kBits);
  const __m512i stream = _mm512_maskz_loadu_epi8(kBytes, packed);
  if constexpr (kBits == 8) {
    return stream;
  } else {
    const __m512i groups =
        _mm512_permutexvar_epi8(_mm512_load_si512(kGroupShuffle<kBits>.bytes), stream);
    return _mm512_multishift_epi64_epi8(_mm512_load_si512(kGroupShuffle<kBits>.shifts), groups);
  }
}

// Codes from vector to vector: straight from the stream, or through memory in the other orders.
template <int kBits>
class CodeVectors {
 public:
  HWY_INLINE CodeVectors(codec::BitOrder order, const uint8_t* packed)
      : packed_(packed), is_stream_(order == codec::BitOrder::kMsb) {
    if (!is_stream_) UnpackCodes<kBits>(order, packed, 0, codes_);
  }
  // The bits above kBits are noise.
  HWY_INLINE __m512i operator[](size_t vector) const {
    if (is_stream_) return StreamCodes<kBits>(packed_ + vector * 8 * kBits);
    return _mm512_load_si512(codes_ + vector * kCodesPerVector);
  }

 private:
  const uint8_t* packed_;
  bool is_stream_;
  alignas(64) uint8_t codes_[kBlock];
};

class BlockLevels {
 public:
  explicit HWY_INLINE BlockLevels(const DotLevels& levels) : narrow_(levels.narrow.data()) {
    for (size_t k = 0; k < 256; ++k) {
      const auto level = static_cast<uint16_t>(levels.wide[k]);
      low_[k] = static_cast<uint8_t>(level & 0xFF);
      high_[k] = static_cast<uint8_t>(level >> 8);
    }
  }

  template <int kBits>
  HWY_INLINE void Read(codec::BitOrder order, const uint8_t* packed, size_t /*slack*/,
                       uint8_t* HWY_RESTRICT bytes) const {
    const __m512i table = _mm512_load_si512(narrow_);
    const CodeVectors<kBits> codes(order, packed);
    for (size_t i = 0; i < kBlock / kCodesPerVector; ++i) {
      _mm512_store_si512(bytes + i * kCodesPerVector, _mm512_permutexvar_epi8(codes[i], table));
    }
  }

  template <int kBits>
  HWY_INLINE void Read(codec::BitOrder order, const uint8_t* packed, size_t /*slack*/,
                       int16_t* HWY_RESTRICT words) const {
    // Interleaving works within 128-bit blocks; these put the blocks in order.
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    const CodeVectors<kBits> codes(order, packed);
    for (size_t i = 0; i < kBlock / kCodesPerVector; ++i) {
      const __m512i code = codes[i];
      const __m512i low = Plane<kBits>(low_, code);
      const __m512i high = Plane<kBits>(high_, code);
      const __m512i even = _mm512_unpacklo_epi8(low, high);
      const __m512i odd = _mm512_unpackhi_epi8(low, high);
      int16_t* to = words + i * kCodesPerVector;
      _mm512_store_si512(to, _mm512_permutex2var_epi64(even, first, odd));
      _mm512_store_si512(to + 32, _mm512_permutex2var_epi64(even, second, odd));
    }
  }

 private:
  // One byte of each level; noise above kBits is ignored.
  template <int kBits>
  static HWY_INLINE __m512i Plane(const uint8_t* HWY_RESTRICT plane, __m512i code) {
    const auto part = [&](size_t i) HWY_ATTR { return _mm512_load_si512(plane + 64 * i); };
    if constexpr (kBits <= 6) {
      return _mm512_permutexvar_epi8(code, part(0));
    } else {
      const __m512i lower = _mm512_permutex2var_epi8(part(0), code, part(1));
      if constexpr (kBits == 7) return lower;
      const __m512i upper = _mm512_permutex2var_epi8(part(2), code, part(3));
      return _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), lower, upper);
    }
  }

  const uint8_t* narrow_;
  alignas(64) uint8_t low_[256];
  alignas(64) uint8_t high_[256];
};

#else

// Words only: products of bytes need VNNI to be worth having.
class BlockLevels {
 public:
  explicit HWY_INLINE BlockLevels(const DotLevels& levels) : levels_(levels) {}

  template <int kBits>
  HWY_INLINE void Read(codec::BitOrder order, const uint8_t* packed, size_t slack,
                       int16_t* HWY_RESTRICT words) const {
    alignas(64) uint8_t codes[kBlock];
    UnpackCodes<kBits>(order, packed, slack, codes);
    if constexpr (WidthFor(kBits) == DotWidth::kWide) {
      for (size_t i = 0; i < kBlock; ++i) words[i] = levels_.wide[codes[i]];
    } else {
      const D8 d8;
      const hn::Repartition<int16_t, D8> d16;
      const hn::Rebind<uint8_t, decltype(d16)> d8_half;
      for (size_t i = 0; i < kBlock; i += hn::MaxLanes(d8)) {
        hn::Store(Narrow<kBits>(hn::Load(d8, codes + i)), d8, codes + i);
      }
      const auto offset = hn::Set(d16, int16_t{DotLevels::kOffset});
      for (size_t i = 0; i < kBlock; i += hn::MaxLanes(d16)) {
        const auto level = hn::PromoteTo(d16, hn::Load(d8_half, codes + i));
        hn::Store(hn::Sub(level, offset), d16, words + i);
      }
    }
  }

 private:
  using D8 = hn::Repartition<uint8_t, DF>;
  using V8 = hn::Vec<D8>;

  template <int kBits>
  HWY_INLINE V8 Narrow(V8 code) const {
    const D8 d8;
    const V8 low = hn::LoadDup128(d8, levels_.narrow.data());
    if constexpr (kBits <= 4) return hn::TableLookupBytes(low, code);
    const V8 high = hn::LoadDup128(d8, levels_.narrow.data() + 16);
    const V8 index = hn::And(code, hn::Set(d8, 15));
    return hn::IfThenElse(hn::TestBit(code, hn::Set(d8, 16)), hn::TableLookupBytes(high, index),
                          hn::TableLookupBytes(low, index));
  }

  const DotLevels& levels_;
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
