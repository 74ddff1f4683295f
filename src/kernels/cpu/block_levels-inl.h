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
#include "kernels/cpu/lane_dot-inl.h"
#include "kernels/cpu/vbmi_codes-inl.h"
#include "kernels/dot_levels.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Codes of a block in memory, in orders that are only read.
template <int kBits>
HWY_INLINE void UnpackInOrder(codec::BitOrder order, const uint8_t* packed,
                              uint8_t* HWY_RESTRICT codes) {
  const size_t bytes = codec::PackedBlockBytes(order, kBits);
  codec::UnpackBlock(order, kBits, std::span(reinterpret_cast<const std::byte*>(packed), bytes),
                     std::span<uint8_t, kBlock>(codes, kBlock));
}

#if HWY_TARGET <= HWY_AVX3_DL  // byte permutes across a whole vector: 64 codes at a time

// Half<h>() is 64 codes; the bits above kBits are noise. Straight from the stream, or through
// memory in the other orders.
template <int kBits>
class HlwqBlock {
 public:
  HWY_INLINE HlwqBlock(codec::BitOrder order, const uint8_t* packed, size_t /*slack*/)
      : packed_(packed), is_stream_(order == codec::BitOrder::kMsb) {
    if (!is_stream_) UnpackInOrder<kBits>(order, packed, codes_);
  }
  template <size_t kHalf>
  HWY_INLINE __m512i Half() const {
    if (is_stream_) return stream_.template Half<kHalf>(packed_);
    return _mm512_load_si512(codes_ + 64 * kHalf);
  }

 private:
  const uint8_t* packed_;
  bool is_stream_;
  StreamCodes<kMsbPlan<kBits> > stream_;
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

  template <int kBits, class Block>
  HWY_INLINE void Read(const Block& block, uint8_t* HWY_RESTRICT bytes) const {
    const __m512i table = _mm512_load_si512(narrow_);
    _mm512_store_si512(bytes, _mm512_permutexvar_epi8(block.template Half<0>(), table));
    _mm512_store_si512(bytes + 64, _mm512_permutexvar_epi8(block.template Half<1>(), table));
  }

  template <int kBits, class Block>
  HWY_INLINE void Read(const Block& block, int16_t* HWY_RESTRICT words) const {
    StoreWords<kBits>(block.template Half<0>(), words);
    StoreWords<kBits>(block.template Half<1>(), words + 64);
  }

 private:
  template <int kBits>
  HWY_INLINE void StoreWords(__m512i code, int16_t* HWY_RESTRICT words) const {
    // Interleaving works within 128-bit blocks; these put the blocks in order.
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    const __m512i low = Plane<kBits>(low_, code);
    const __m512i high = Plane<kBits>(high_, code);
    const __m512i even = _mm512_unpacklo_epi8(low, high);
    const __m512i odd = _mm512_unpackhi_epi8(low, high);
    _mm512_store_si512(words, _mm512_permutex2var_epi64(even, first, odd));
    _mm512_store_si512(words + 32, _mm512_permutex2var_epi64(even, second, odd));
  }

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

// Store(codes) writes the codes of a block.
template <int kBits>
class HlwqBlock {
 public:
  HWY_INLINE HlwqBlock(codec::BitOrder order, const uint8_t* packed, size_t slack)
      : order_(order), packed_(packed), slack_(slack) {}
  HWY_INLINE void Store(uint8_t* HWY_RESTRICT codes) const {
    if (order_ == codec::BitOrder::kMsb) {
      UnpackBlockCodes<kBits>(packed_, slack_, codes);
    } else {
      UnpackInOrder<kBits>(order_, packed_, codes);
    }
  }

 private:
  codec::BitOrder order_;
  const uint8_t* packed_;
  size_t slack_;  // readable bytes after the block
};

// Words only: products of bytes need VNNI to be worth having.
class BlockLevels {
 public:
  explicit HWY_INLINE BlockLevels(const DotLevels& levels) : levels_(levels) {}

  template <int kBits, class Block>
  HWY_INLINE void Read(const Block& block, int16_t* HWY_RESTRICT words) const {
    alignas(64) uint8_t codes[kBlock];
    block.Store(codes);
    if (levels_.width == DotWidth::kWide) {
      for (size_t i = 0; i < kBlock; ++i) words[i] = levels_.wide[codes[i]];
    } else if constexpr (kBits <= 6) {
      const ByteTable<(size_t{1} << kBits)> table(levels_.narrow.data());
      for (size_t i = 0; i < kBlock; i += kByteLanes) {
        hn::Store(table(hn::Load(DByte(), codes + i)), DByte(), codes + i);
      }
      const hn::Rebind<uint8_t, DWord> d8;
      const auto offset = hn::Set(DWord(), int16_t{DotLevels::kOffset});
      for (size_t i = 0; i < kBlock; i += hn::MaxLanes(DWord())) {
        const auto level = hn::PromoteTo(DWord(), hn::Load(d8, codes + i));
        hn::Store(hn::Sub(level, offset), DWord(), words + i);
      }
    }
  }

 private:
  const DotLevels& levels_;
};

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
