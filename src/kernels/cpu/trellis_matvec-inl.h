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

// Multipliers are made ready for the groups of this many blocks at a time: enough that the loop
// over blocks is seldom left.
constexpr size_t kPairChunk = 64;

// The multipliers of a row's groups for one token.
class TrellisFactors {
 public:
  explicit HWY_INLINE TrellisFactors(const TrellisMatVecArguments& args) : args_(args) {}

  // P(s) times the scale of the activations for the groups of `count` blocks from `first`; zero
  // beyond, up to a whole vector, whose activations have scale zero. Adds to `offsets` what the offset
  // of levels counts in the sums of these groups. `readable` bytes of scales may be read.
  template <bool kHasOffset>
  HWY_INLINE VF Make(const MatVecInput& input, const uint8_t* HWY_RESTRICT scales, size_t first,
                     size_t count, size_t readable, float* HWY_RESTRICT factors, VF offsets) const {
    for (size_t i = 0; i < 2 * count; i += kLanes) {
      uint8_t tail[kLanes];
      const uint8_t* from = scales + i;
      if (HWY_UNLIKELY(readable < i + kLanes)) {
        std::memset(tail, 0, sizeof(tail));
        std::memcpy(tail, from, 2 * count - i);
        from = tail;
      }
      const VF factor = hn::Mul(group_factors_(from), LoadTwice(input.scales + first + i / 2));
      hn::Store(factor, DF(), factors + i);
      if constexpr (kHasOffset) {
        const VI sums = hn::LoadU(DI(), input.sums + 2 * first + i);
        offsets = hn::MulAdd(hn::ConvertTo(DF(), sums), factor, offsets);
      }
    }
    return offsets;
  }

  // The product of a row from its sums.
  template <bool kHasOffset>
  HWY_INLINE float Finish(uint64_t row, VF first_sum, VF second_sum, VF offsets) const {
    VF sum = hn::Add(first_sum, second_sum);
    if constexpr (kHasOffset) {
      sum = hn::NegMulAdd(offsets, hn::Set(DF(), float{DotLevels::kOffset}), sum);
    }
    return SumLanes(sum) * codec::RowScaleAt(args_.row_scales, row);
  }

 private:
  const TrellisMatVecArguments& args_;
  const GroupFactors group_factors_;
};

template <class Dot>
class TrellisRow {
 public:
  explicit HWY_INLINE TrellisRow(const TrellisMatVecArguments& args)
      : args_(args), dot_(*args.levels), factors_of_(args) {}

  // Times one token.
  HWY_INLINE float Multiply(const MatVecInput& input, uint64_t row) const {
    const uint8_t* HWY_RESTRICT block = args_.Row(row);
    const uint8_t* HWY_RESTRICT scales = args_.RowScales(row);
    const auto* HWY_RESTRICT activations =
        static_cast<const typename Dot::Integer*>(input.activations);
    size_t readable = (args_.num_rows - row) * 2 * args_.blocks;
    alignas(64) float factors[2 * kPairChunk];
    VF first_sum = hn::Zero(DF());
    VF second_sum = hn::Zero(DF());
    VF offsets = hn::Zero(DF());
    for (size_t first = 0; first < args_.blocks; first += kPairChunk) {
      const size_t count = std::min(kPairChunk, args_.blocks - first);
      offsets = factors_of_.template Make<Dot::kHasOffset>(input, scales, first, count, readable,
                                                           factors, offsets);
      // Else GCC (12) broadcasts from the register that was stored, by a permute for each.
      __asm__("" : "+m"(factors));
      scales += 2 * kPairChunk;
      readable -= 2 * count;
      for (size_t i = 0; i < count; ++i) {
        PrefetchBlock(block);
        const VI zero = hn::Zero(DI());
        const VI first_half = Dot::Add(zero, dot_.template Half<0>(block), activations);
        const VI second_half =
            Dot::Add(zero, dot_.template Half<1>(block), activations + kBlock / 2);
        first_sum =
            hn::MulAdd(hn::ConvertTo(DF(), first_half), hn::Set(DF(), factors[2 * i]), first_sum);
        second_sum = hn::MulAdd(hn::ConvertTo(DF(), second_half), hn::Set(DF(), factors[2 * i + 1]),
                                second_sum);
        block += args_.block_bytes;
        activations += kBlock;
      }
    }
    return factors_of_.template Finish<Dot::kHasOffset>(row, first_sum, second_sum, offsets);
  }

 private:
  const TrellisMatVecArguments& args_;
  const Dot dot_;
  const TrellisFactors factors_of_;
};

// Some rows times several vectors, as CodedRows.
template <class Dot>
class TrellisRows {
 public:
  static constexpr size_t kMostRows = 8;

  explicit HWY_INLINE TrellisRows(const TrellisMatVecArguments& args)
      : args_(args), dot_(*args.levels), factors_of_(args) {}

  // At most kMostRows rows.
  HWY_ATTR void Multiply(RowRange rows) {
    std::fill_n(sums_, rows.size() * args_.tokens * kSums * kLanes, 0.0f);
    for (size_t first = 0; first < args_.blocks; first += kChunk) {
      const size_t count = std::min(kChunk, args_.blocks - first);
      for (uint64_t row = rows.begin; row < rows.end; ++row) {
        levels_.Decode(dot_, args_.Row(row) + first * args_.block_bytes, args_.block_bytes, count,
                       args_.blocks * args_.block_bytes);
        AddRow(row, first, count, sums_ + (row - rows.begin) * args_.tokens * kSums * kLanes);
      }
    }
    const float* sums = sums_;
    for (uint64_t row = rows.begin; row < rows.end; ++row) {
      for (size_t token = 0; token < args_.tokens; ++token, sums += kSums * kLanes) {
        args_.y[token * args_.y_stride + row] = factors_of_.template Finish<Dot::kHasOffset>(
            row, hn::Load(DF(), sums), hn::Load(DF(), sums + kLanes),
            hn::Load(DF(), sums + 2 * kLanes));
      }
    }
  }

 private:
  using Integer = typename Dot::Integer;
  static constexpr size_t kSums = 3;  // first halves, second halves, offsets

  HWY_INLINE void AddRow(uint64_t row, size_t first, size_t count, float* HWY_RESTRICT sums) {
    const uint8_t* HWY_RESTRICT scales = args_.RowScales(row) + 2 * first;
    const size_t readable = 2 * ((args_.num_rows - row) * args_.blocks - first);
    for (size_t token = 0; token < args_.tokens; ++token) {
      float* HWY_RESTRICT offsets = sums + (kSums * token + 2) * kLanes;
      hn::Store(factors_of_.template Make<Dot::kHasOffset>(args_.inputs[token], scales, first,
                                                           count, readable, factors_[token],
                                                           hn::Load(DF(), offsets)),
                DF(), offsets);
    }
    ForTokenGroups<kMostTokensAtOnce>(args_.tokens, [&](auto tokens, size_t token) HWY_ATTR {
      AddTokens<decltype(tokens)::value>(token, first, count, sums + kSums * token * kLanes);
    });
  }

  template <size_t kTokens>
  HWY_INLINE void AddTokens(size_t token, size_t first, size_t count,
                            float* HWY_RESTRICT sums) const {
    const Integer* activations[kTokens];
    VF first_sums[kTokens], second_sums[kTokens];
    for (size_t t = 0; t < kTokens; ++t) {
      activations[t] =
          static_cast<const Integer*>(args_.inputs[token + t].activations) + first * kBlock;
      first_sums[t] = hn::Load(DF(), sums + kSums * t * kLanes);
      second_sums[t] = hn::Load(DF(), sums + (kSums * t + 1) * kLanes);
    }
    for (size_t i = 0; i < count; ++i) {
      const auto add = [&](const auto& half, size_t h, VF(&to)[kTokens]) HWY_ATTR {
        for (size_t t = 0; t < kTokens; ++t) {
          const VI products =
              Dot::Add(hn::Zero(DI()), half, activations[t] + i * kBlock + h * (kBlock / 2));
          to[t] = hn::MulAdd(hn::ConvertTo(DF(), products),
                             hn::Set(DF(), factors_[token + t][2 * i + h]), to[t]);
        }
      };
      add(levels_.template Get<0>(i), 0, first_sums);
      add(levels_.template Get<1>(i), 1, second_sums);
    }
    for (size_t t = 0; t < kTokens; ++t) {
      hn::Store(first_sums[t], DF(), sums + kSums * t * kLanes);
      hn::Store(second_sums[t], DF(), sums + (kSums * t + 1) * kLanes);
    }
  }

  static constexpr size_t kMostTokensAtOnce = kManyRegisters ? 8 : 4;

  const TrellisMatVecArguments& args_;
  const Dot dot_;
  const TrellisFactors factors_of_;
  RowLevels<Dot, kChunk> levels_;
  alignas(64) float factors_[kMostVectorTokens][2 * kChunk];
  alignas(64) float sums_[kMostRows * kMostVectorTokens * kSums * kLanes];  // [row, token] vectors
};

template <class Dot>
HWY_ATTR void TrellisMatVecWith(const TrellisMatVecArguments& args) {
  if (args.tokens <= kTokensOneByOne) {
    const TrellisRow<Dot> row_of(args);
    for (size_t token = 0; token < args.tokens; ++token) {
      float* HWY_RESTRICT y = args.y + token * args.y_stride;
      for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
        y[row] = row_of.Multiply(args.inputs[token], row);
      }
    }
    return;
  }
  TrellisRows<Dot> rows(args);
  ForRowGroups(args.rows, TrellisRows<Dot>::kMostRows,
               [&](RowRange part) HWY_ATTR { rows.Multiply(part); });
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
