// Rows of the trellis code times one vector. Dot classes as in coded_matvec-inl.h; each half of a
// block has a multiplier of its own.
#if defined(HLWQ_KERNELS_CPU_TRELLIS_MATVEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TRELLIS_MATVEC_INL_H_
#undef HLWQ_KERNELS_CPU_TRELLIS_MATVEC_INL_H_
#else
#define HLWQ_KERNELS_CPU_TRELLIS_MATVEC_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/trellis_block.h"
#include "hwy/highway.h"
#include "kernels/cpu/coded_matvec-inl.h"
#include "kernels/cpu/group_factors-inl.h"
#include "kernels/cpu/matvec_arguments.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Multipliers are made ready for the groups of this many blocks at a time: enough that the loop
// over blocks is seldom left.
constexpr size_t kPairChunk = 64;

template <class Dot>
class TrellisRows {
 public:
  explicit HWY_INLINE TrellisRows(const TrellisMatVecArguments& args)
      : args_(args), dot_(*args.levels) {}

  HWY_INLINE float DotRow(uint64_t row) const {
    const uint8_t* HWY_RESTRICT block = args_.codes + row * args_.blocks * args_.block_bytes;
    const uint8_t* HWY_RESTRICT scales = args_.scales + row * 2 * args_.blocks;
    const auto* HWY_RESTRICT activations =
        static_cast<const typename Dot::Integer*>(args_.activations);
    size_t readable = (args_.num_rows - row) * 2 * args_.blocks;
    alignas(64) float factors[2 * kPairChunk];
    VF first_sum = hn::Zero(DF());
    VF second_sum = hn::Zero(DF());
    VF offsets = hn::Zero(DF());
    for (size_t first = 0; first < args_.blocks; first += kPairChunk) {
      const size_t count = std::min(kPairChunk, args_.blocks - first);
      offsets = MakeFactors(scales, first, count, readable, factors, offsets);
      // Else GCC (12) broadcasts from the register that was stored, by a permute for each.
      __asm__("" : "+m"(factors));
      scales += 2 * kPairChunk;
      readable -= 2 * count;
      for (size_t i = 0; i < count; ++i) {
        PrefetchBlock(block);
        const VI zero = hn::Zero(DI());
        const VI first_half = dot_.template AddHalf<0>(zero, block, activations);
        const VI second_half = dot_.template AddHalf<1>(zero, block, activations + kBlock / 2);
        first_sum =
            hn::MulAdd(hn::ConvertTo(DF(), first_half), hn::Set(DF(), factors[2 * i]), first_sum);
        second_sum = hn::MulAdd(hn::ConvertTo(DF(), second_half), hn::Set(DF(), factors[2 * i + 1]),
                                second_sum);
        block += args_.block_bytes;
        activations += kBlock;
      }
    }
    VF sum = hn::Add(first_sum, second_sum);
    if constexpr (Dot::kHasOffset) {
      sum = hn::NegMulAdd(offsets, hn::Set(DF(), float{DotLevels::kOffset}), sum);
    }
    return SumLanes(sum) * codec::RowScaleAt(args_.row_scales, row);
  }

 private:
  // P(s) times the scale of the activations for the groups of the next kPairChunk blocks; zero
  // beyond `count`, whose activations have scale zero. Adds to `offsets` what the offset of levels
  // counts in the sums of these groups. `readable` bytes of scales may be read.
  HWY_INLINE VF MakeFactors(const uint8_t* HWY_RESTRICT scales, size_t first, size_t count,
                            size_t readable, float* HWY_RESTRICT factors, VF offsets) const {
    for (size_t i = 0; i < 2 * count; i += kLanes) {
      uint8_t tail[kLanes];
      const uint8_t* from = scales + i;
      if (HWY_UNLIKELY(readable < i + kLanes)) {
        std::memset(tail, 0, sizeof(tail));
        std::memcpy(tail, from, 2 * count - i);
        from = tail;
      }
      const VF factor =
          hn::Mul(group_factors_(from), LoadTwice(args_.input_scales + first + i / 2));
      hn::Store(factor, DF(), factors + i);
      if constexpr (Dot::kHasOffset) {
        const VI sums = hn::LoadU(DI(), args_.sums + 2 * first + i);
        offsets = hn::MulAdd(hn::ConvertTo(DF(), sums), factor, offsets);
      }
    }
    return offsets;
  }

  const TrellisMatVecArguments& args_;
  const Dot dot_;
  const GroupFactors group_factors_;
};

template <class Dot>
HWY_ATTR void TrellisMatVecWith(const TrellisMatVecArguments& args) {
  const TrellisRows<Dot> rows(args);
  for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) args.y[row] = rows.DotRow(row);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
