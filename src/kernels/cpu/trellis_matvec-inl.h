// Rows of the trellis code times one vector, or several. Dot classes as in coded_matvec-inl.h; each
// half of a block has a multiplier of its own.
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

// For MatVecRows. Beside the products the sums hold what the offset of levels counts in them.
template <class Dot>
class TrellisProducts {
 public:
  static constexpr size_t kSums = 2;
  static constexpr size_t kRowBlocks = 64;  // the loop over them is seldom left

  explicit HWY_INLINE TrellisProducts(const TrellisMatVecArguments& args)
      : args_(args), dot_(*args.levels) {}

  template <size_t kBlocks, size_t kTokens>
  HWY_INLINE void Add(uint64_t row, size_t token, size_t first, size_t ahead,
                      VF (&sums)[kTokens][kSums]) const {
    const size_t count = std::min(kBlocks, args_.blocks - first);
    const MatVecInput* inputs = args_.inputs + token;
    alignas(64) float factors[kTokens][2 * kBlocks];
    FindFactors(row, first, count, inputs, factors, sums);
    // Else GCC (12) broadcasts from the register that was stored, by a permute for each.
    __asm__("" : "+m"(factors));
    const Integer* activations[kTokens];
    for (size_t t = 0; t < kTokens; ++t) {
      activations[t] = static_cast<const Integer*>(inputs[t].activations) + first * kBlock;
    }
    const uint8_t* HWY_RESTRICT block = args_.Row(row) + first * args_.block_bytes;
    for (size_t i = 0; i < count; ++i, block += args_.block_bytes) {
      PrefetchBlock(block + ahead);
      const auto first_half = dot_.template Half<0>(block);
      const auto second_half = dot_.template Half<1>(block);
      HWY_UNROLL(8)
      for (size_t t = 0; t < kTokens; ++t) {
        const Integer* HWY_RESTRICT from = activations[t] + i * kBlock;
        const VI first_products = Dot::Add(hn::Zero(DI()), first_half, from);
        const VI second_products = Dot::Add(hn::Zero(DI()), second_half, from + kBlock / 2);
        const VF sum = hn::MulAdd(hn::ConvertTo(DF(), first_products),
                                  hn::Set(DF(), factors[t][2 * i]), sums[t][0]);
        sums[t][0] = hn::MulAdd(hn::ConvertTo(DF(), second_products),
                                hn::Set(DF(), factors[t][2 * i + 1]), sum);
      }
    }
  }

  HWY_INLINE float Finish(uint64_t row, const VF (&sums)[kSums]) const {
    VF sum = sums[0];
    if constexpr (Dot::kHasOffset) {
      sum = hn::NegMulAdd(sums[1], hn::Set(DF(), float{DotLevels::kOffset}), sum);
    }
    return SumLanes(sum) * codec::RowScaleAt(args_.row_scales, row);
  }

 private:
  using Integer = typename Dot::Integer;

  // The multipliers of the groups of `count` blocks from `first`: P(s) times the scale of the
  // activations; zero beyond, up to a whole vector, whose activations have scale zero.
  template <size_t kTokens, size_t kFactors>
  HWY_INLINE void FindFactors(uint64_t row, size_t first, size_t count, const MatVecInput* inputs,
                              float (&factors)[kTokens][kFactors],
                              VF (&sums)[kTokens][kSums]) const {
    const uint8_t* HWY_RESTRICT scales = args_.RowScales(row) + 2 * first;
    // May be read: up to the end of the matrix, past that of the row.
    const size_t readable = 2 * ((args_.num_rows - row) * args_.blocks - first);
    for (size_t i = 0; i < 2 * count; i += kLanes) {
      uint8_t tail[kLanes];
      const uint8_t* from = scales + i;
      if (HWY_UNLIKELY(readable < i + kLanes)) {
        std::memset(tail, 0, sizeof(tail));
        std::memcpy(tail, from, 2 * count - i);
        from = tail;
      }
      const VF of_groups = group_factors_(from);
      for (size_t t = 0; t < kTokens; ++t) {
        const VF factor = hn::Mul(of_groups, LoadTwice(inputs[t].scales + first + i / 2));
        hn::Store(factor, DF(), factors[t] + i);
        if constexpr (Dot::kHasOffset) {
          const VI of_activations = hn::LoadU(DI(), inputs[t].sums + 2 * first + i);
          sums[t][1] = hn::MulAdd(hn::ConvertTo(DF(), of_activations), factor, sums[t][1]);
        }
      }
    }
  }

  const TrellisMatVecArguments& args_;
  const Dot dot_;
  const GroupFactors group_factors_;
};

template <class Dot>
HWY_ATTR void TrellisMatVecWith(const TrellisMatVecArguments& args) {
  MatVecRows<TrellisProducts<Dot>, TrellisMatVecArguments>(args).Multiply();
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
