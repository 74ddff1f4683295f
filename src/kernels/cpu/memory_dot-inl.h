// Block dot products with codes and levels that go through memory: any bits and order, on any
// target. Used where there is no better way.
#if defined(HLWQ_KERNELS_CPU_MEMORY_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_MEMORY_DOT_INL_H_
#undef HLWQ_KERNELS_CPU_MEMORY_DOT_INL_H_
#else
#define HLWQ_KERNELS_CPU_MEMORY_DOT_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <span>

#include "hwy/highway.h"
#include "kernels/cpu/bitpack-inl.h"
#include "kernels/cpu/matvec_arguments.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using DWord = hn::Repartition<int16_t, DF>;

HWY_INLINE hn::Vec<DWord> LoadWords(const int16_t* HWY_RESTRICT from) {
  return hn::LoadU(DWord(), from);
}
HWY_INLINE hn::Vec<DWord> LoadWords(const int8_t* HWY_RESTRICT from) {
  return hn::PromoteTo(DWord(), hn::LoadU(hn::Rebind<int8_t, DWord>(), from));
}

// The sum over a block in the lanes of the result.
template <typename T>
HWY_INLINE VI DotWords(const int16_t* HWY_RESTRICT levels, const T* HWY_RESTRICT activations) {
  VI even = hn::Zero(DI());
  VI odd = hn::Zero(DI());
  for (size_t i = 0; i < kBlock; i += hn::MaxLanes(DWord())) {
    even = hn::ReorderWidenMulAccumulate(DI(), LoadWords(levels + i), LoadWords(activations + i),
                                         even, odd);
  }
  return hn::Add(even, odd);
}

// Codes of kBits one after another, most significant bit first.
template <int kBits, typename T>
class MemoryDot {
 public:
  using Integer = T;
  static constexpr bool kHasOffset = false;

  explicit HWY_INLINE MemoryDot(const MatVecArguments& args)
      : order_(args.order), block_bytes_(args.block_bytes) {
    const DotLevels& levels = *args.levels;
    for (size_t k = 0; k < (size_t{1} << kBits); ++k) {
      const int narrow = levels.narrow[k % levels.narrow.size()] - DotLevels::kOffset;
      levels_[k] = levels.width == DotWidth::kWide ? levels.wide[k] : static_cast<int16_t>(narrow);
    }
  }

  HWY_INLINE VI operator()(const uint8_t* HWY_RESTRICT packed,
                           const T* HWY_RESTRICT activations) const {
    alignas(64) uint8_t codes[kBlock];
    if (order_ == codec::BitOrder::kMsb) {
      UnpackBlockCodes<kBits>(packed, 0, codes);
    } else {
      codec::UnpackBlock(order_, kBits,
                         std::span(reinterpret_cast<const std::byte*>(packed), block_bytes_),
                         std::span<uint8_t, kBlock>(codes, kBlock));
    }
    alignas(64) int16_t words[kBlock];
    for (size_t i = 0; i < kBlock; ++i) words[i] = levels_[codes[i]];
    return DotWords(words, activations);
  }

 private:
  codec::BitOrder order_;
  size_t block_bytes_;
  int16_t levels_[size_t{1} << kBits];
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
