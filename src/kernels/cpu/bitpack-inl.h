// The MSB-first code stream of whole blocks (docs/format.md, "Code streams"): eight codes are b
// bytes, so a vector of 64-bit lanes packs and unpacks eight codes in each of them.
#if defined(HLWQ_KERNELS_CPU_BITPACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_BITPACK_INL_H_
#undef HLWQ_KERNELS_CPU_BITPACK_INL_H_
#else
#define HLWQ_KERNELS_CPU_BITPACK_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/fwht-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using DGroup = hn::CappedTag<uint64_t, 8>;
using VGroup = hn::Vec<DGroup>;
constexpr size_t kGroups = kBlock / 8;  // of eight codes

// Bytes of each 64-bit lane reversed.
HWY_INLINE VGroup ReverseBytes(VGroup v) {
  alignas(16) static constexpr uint8_t kReverse[16] = {7,  6,  5,  4,  3,  2,  1, 0,
                                                       15, 14, 13, 12, 11, 10, 9, 8};
  const hn::Repartition<uint8_t, DGroup> d8;
  return hn::BitCast(DGroup(),
                     hn::TableLookupBytes(hn::BitCast(d8, v), hn::LoadDup128(d8, kReverse)));
}

// Eight codes (first in the low byte) -> 8 * kBits bits, the first code highest, moved to the top
// of the lane and byte-reversed: the first kBits bytes in memory are the stream.
template <int kBits>
HWY_INLINE VGroup PackGroup(VGroup codes) {
  const DGroup d;
  const hn::Repartition<uint16_t, DGroup> d16;
  const hn::Repartition<uint32_t, DGroup> d32;
  auto pairs = hn::BitCast(d16, codes);
  pairs =
      hn::Or(hn::ShiftLeft<kBits>(hn::And(pairs, hn::Set(d16, 0xFF))), hn::ShiftRight<8>(pairs));
  auto fours = hn::BitCast(d32, pairs);
  fours = hn::Or(hn::ShiftLeft<2 * kBits>(hn::And(fours, hn::Set(d32, 0xFFFF))),
                 hn::ShiftRight<16>(fours));
  auto eights = hn::BitCast(d, fours);
  eights = hn::Or(hn::ShiftLeft<4 * kBits>(hn::And(eights, hn::Set(d, 0xFFFFFFFF))),
                  hn::ShiftRight<32>(eights));
  return ReverseBytes(hn::ShiftLeft<64 - 8 * kBits>(eights));
}

// The inverse; bytes after the first kBits of a lane are ignored.
template <int kBits>
HWY_INLINE VGroup UnpackGroup(VGroup packed) {
  const DGroup d;
  const hn::Repartition<uint16_t, DGroup> d16;
  const hn::Repartition<uint32_t, DGroup> d32;
  constexpr uint64_t kFour = (uint64_t{1} << (4 * kBits)) - 1;
  constexpr uint32_t kTwo = (uint32_t{1} << (2 * kBits)) - 1;
  constexpr uint16_t kOne = (uint16_t{1} << kBits) - 1;
  const auto eights = hn::ShiftRight<64 - 8 * kBits>(ReverseBytes(packed));
  const auto fours =
      hn::BitCast(d32, hn::Or(hn::ShiftRight<4 * kBits>(eights),
                              hn::ShiftLeft<32>(hn::And(eights, hn::Set(d, kFour)))));
  const auto pairs =
      hn::BitCast(d16, hn::Or(hn::ShiftRight<2 * kBits>(fours),
                              hn::ShiftLeft<16>(hn::And(fours, hn::Set(d32, kTwo)))));
  return hn::BitCast(d, hn::Or(hn::ShiftRight<kBits>(pairs),
                               hn::ShiftLeft<8>(hn::And(pairs, hn::Set(d16, kOne)))));
}

// One block of codes -> 16 * kBits bytes. `slack` is the number of bytes after them that may be
// written as well: with eight or more, whole words are stored.
template <int kBits>
HWY_INLINE void PackBlockCodes(const uint8_t* HWY_RESTRICT codes, size_t slack,
                               uint8_t* HWY_RESTRICT packed) {
  alignas(64) uint64_t words[kGroups];
  for (size_t group = 0; group < kGroups; group += hn::MaxLanes(DGroup())) {
    const auto bytes = hn::LoadU(DGroup(), reinterpret_cast<const uint64_t*>(codes) + group);
    hn::Store(PackGroup<kBits>(bytes), DGroup(), words + group);
  }
  // Each word reaches into the bytes of the next one, which overwrites them.
  for (size_t group = 0; group + 1 < kGroups; ++group) {
    // The last words of a block would pass its end where b is small.
    const size_t room = (kGroups - group) * kBits + slack;
    if (room >= 8) {
      std::memcpy(packed + group * kBits, &words[group], 8);
    } else {
      std::memcpy(packed + group * kBits, &words[group], kBits);
    }
  }
  if (slack >= 8) {
    std::memcpy(packed + (kGroups - 1) * kBits, &words[kGroups - 1], 8);
  } else {
    std::memcpy(packed + (kGroups - 1) * kBits, &words[kGroups - 1], kBits);
  }
}

// The inverse. `slack` is the number of readable bytes after the block.
template <int kBits>
HWY_INLINE void UnpackBlockCodes(const uint8_t* HWY_RESTRICT packed, size_t slack,
                                 uint8_t* HWY_RESTRICT codes) {
  alignas(64) uint64_t words[kGroups];
  for (size_t group = 0; group < kGroups; ++group) {
    const size_t room = (kGroups - group) * kBits + slack;
    words[group] = 0;
    if (room >= 8) {
      std::memcpy(&words[group], packed + group * kBits, 8);
    } else {
      std::memcpy(&words[group], packed + group * kBits, kBits);
    }
  }
  for (size_t group = 0; group < kGroups; group += hn::MaxLanes(DGroup())) {
    const auto unpacked = UnpackGroup<kBits>(hn::Load(DGroup(), words + group));
    hn::StoreU(unpacked, DGroup(), reinterpret_cast<uint64_t*>(codes) + group);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
