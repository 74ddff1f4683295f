// Rows of codes times one vector, or several: what is the same for all bits, orders and targets. The
// integer dot product of half a block, 64 weights, comes from a Dot class:
//
//   using Integer = ..;                // of the activations: int8_t or int16_t
//   using Levels = HalfLevels<..>;     // of half a block
//   static constexpr bool kHasOffset;  // its levels are DotLevels::narrow, with the offset
//   explicit Dot(const DotLevels&);
//   template <size_t kHalf>
//   Levels Half(const uint8_t* packed) const;  // `packed` is the block
//   // Adds to lanes that are to be summed. `activations` are those of the half.
//   static VI Add(VI sum, const Levels& levels, const Integer* activations);
//
// Several vectors share the decoding of levels. Each gets the operations of one alone, in the same
// order: its products are the same to the last bit.
#if defined(HLWQ_KERNELS_CPU_CODED_MATVEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_CODED_MATVEC_INL_H_
#undef HLWQ_KERNELS_CPU_CODED_MATVEC_INL_H_
#else
#define HLWQ_KERNELS_CPU_CODED_MATVEC_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/half_levels-inl.h"
#include "kernels/cpu/matvec_arguments.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Block multipliers are made ready for this many blocks at a time.
constexpr size_t kChunk = 16;

// Codes are asked for this many bytes ahead. Where blocks are 96 bytes (six bits) the hardware by
// itself gets 0.7 of the speed of plain reading, with this 0.85; five bits are at 1 either way. At
// 2048 ahead they lose a tenth.
constexpr size_t kAhead = 512;

// Up to this many tokens are multiplied one by one: rows that the first one has brought into the cache
// are read there by the next, which costs less than storing levels.
constexpr size_t kTokensOneByOne = 2;

HWY_INLINE void PrefetchBlock(const uint8_t* HWY_RESTRICT packed) {
  hwy::Prefetch(packed + kAhead);  // past the end is no harm: nothing is read
  hwy::Prefetch(packed + kAhead + 64);
}

// Hardware conversion where there is one: multipliers are no NaNs whose bits would matter, and the
// integer form costs a tenth of a narrow kernel's time.
HWY_INLINE VF LoadNorms16(const uint8_t* HWY_RESTRICT from) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  const hn::Rebind<hwy::float16_t, DF> d;
  return hn::PromoteTo(DF(), hn::LoadU(d, reinterpret_cast<const hwy::float16_t*>(from)));
#else
  return F16Format::Load(from);
#endif
}

// norm * scale of the next kChunk blocks; those beyond `count` are unspecified. `readable` norms
// may be read: up to the end of the matrix, past that of the row.
HWY_INLINE void ChunkFactors(DType norm_dtype, const uint8_t* HWY_RESTRICT norms, size_t count,
                             size_t readable, const float* HWY_RESTRICT scales,
                             float* HWY_RESTRICT factors) {
  alignas(64) uint8_t tail[4 * kChunk];
  const size_t norm_bytes = norm_dtype == DType::kF16 ? 2 : 4;
  if (HWY_UNLIKELY(readable < kChunk)) {
    std::memset(tail, 0, sizeof(tail));
    std::memcpy(tail, norms, count * norm_bytes);
    norms = tail;
  }
  for (size_t i = 0; i < kChunk; i += kLanes) {
    const uint8_t* from = norms + i * norm_bytes;
    const VF norm = norm_dtype == DType::kF16 ? LoadNorms16(from) : F32Format::Load(from);
    hn::Store(hn::Mul(norm, hn::Load(DF(), scales + i)), DF(), factors + i);
  }
}

// One lane of a vector, zeros in the others.
HWY_INLINE VI FirstLane(int32_t value) {
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86  // which Highway (1.0.3) makes of a set and a mask
  return VI{_mm512_zextsi128_si512(_mm_cvtsi32_si128(value))};
#else
  return hn::IfThenElseZero(hn::FirstN(DI(), 1), hn::Set(DI(), value));
#endif
}

// Calls body(std::integral_constant<size_t, n>(), token) for groups of n tokens, as many as their sums
// find room in registers.
template <size_t kMost, class Body>
HWY_INLINE void ForTokenGroups(size_t tokens, Body body) {
  size_t token = 0;
  for (; token + kMost <= tokens; token += kMost) {
    body(std::integral_constant<size_t, kMost>(), token);
  }
  const size_t rest = tokens - token;
  if (kMost > 4 && rest & 4) body(std::integral_constant<size_t, 4>(), token);
  if (kMost > 4) token += rest & 4;
  if (rest & 2) body(std::integral_constant<size_t, 2>(), token);
  token += rest & 2;
  if (rest & 1) body(std::integral_constant<size_t, 1>(), token);
}

template <class Body>
HWY_INLINE void ForRowGroups(RowRange rows, size_t most, Body body) {
  for (uint64_t row = rows.begin; row < rows.end; row += most) {
    body(RowRange{row, std::min<uint64_t>(row + most, rows.end)});
  }
}

// The integer dot product of a block, with the offset of the levels taken off. `sums` are those of
// the activations of its halves.
template <class Dot>
HWY_INLINE VI DotBlock(const Dot& dot, const uint8_t* HWY_RESTRICT packed,
                       const typename Dot::Integer* HWY_RESTRICT activations,
                       const int32_t* HWY_RESTRICT sums) {
  VI sum = hn::Zero(DI());
  if constexpr (Dot::kHasOffset) sum = FirstLane(-DotLevels::kOffset * (sums[0] + sums[1]));
  sum = Dot::Add(sum, dot.template Half<0>(packed), activations);
  return Dot::Add(sum, dot.template Half<1>(packed), activations + kBlock / 2);
}

template <class Dot>
HWY_INLINE float DotRow(const MatVecArguments& args, const Dot& dot, const MatVecInput& input,
                        uint64_t row) {
  const uint8_t* HWY_RESTRICT packed = args.Row(row);
  const uint8_t* HWY_RESTRICT norms = args.RowNorms(row);
  const auto* HWY_RESTRICT activations =
      static_cast<const typename Dot::Integer*>(input.activations);
  const int32_t* HWY_RESTRICT sums = input.sums;
  const size_t norm_bytes = args.norm_dtype == DType::kF16 ? 2 : 4;
  size_t readable = (args.num_rows - row) * args.blocks;
  alignas(64) float factors[kChunk];
  VF sum = hn::Zero(DF());
  for (size_t first = 0; first < args.blocks; first += kChunk) {
    const size_t count = std::min(kChunk, args.blocks - first);
    ChunkFactors(args.norm_dtype, norms, count, readable, input.scales + first, factors);
    norms += kChunk * norm_bytes;
    readable -= count;
    for (size_t i = 0; i < count; ++i) {
      PrefetchBlock(packed);
      const VI products = DotBlock(dot, packed, activations, sums);
      sum = hn::MulAdd(hn::ConvertTo(DF(), products), hn::Set(DF(), factors[i]), sum);
      packed += args.block_bytes;
      activations += kBlock;
      sums += 2;
    }
  }
  return SumLanes(sum) * args.levels->step;
}

// Some rows times several vectors, kChunk blocks of all rows after one another: the activations of
// a chunk stay in the first-level cache.
template <class Dot>
class CodedRows {
 public:
  static constexpr size_t kMostRows = 16;

  explicit HWY_INLINE CodedRows(const MatVecArguments& args) : args_(args), dot_(*args.levels) {}

  // At most kMostRows rows.
  HWY_ATTR void Multiply(RowRange rows) {
    std::fill_n(sums_, rows.size() * args_.tokens * kLanes, 0.0f);
    for (size_t first = 0; first < args_.blocks; first += kChunk) {
      const size_t count = std::min(kChunk, args_.blocks - first);
      if constexpr (Dot::kHasOffset) FindOffsets(first, count);
      for (uint64_t row = rows.begin; row < rows.end; ++row) {
        levels_.Decode(dot_, args_.Row(row) + first * args_.block_bytes, args_.block_bytes, count,
                       args_.blocks * args_.block_bytes);
        AddRow(row, first, count, sums_ + (row - rows.begin) * args_.tokens * kLanes);
      }
    }
    const float* sum = sums_;
    for (uint64_t row = rows.begin; row < rows.end; ++row) {
      for (size_t token = 0; token < args_.tokens; ++token, sum += kLanes) {
        args_.y[token * args_.y_stride + row] = SumLanes(hn::Load(DF(), sum)) * args_.levels->step;
      }
    }
  }

 private:
  using Integer = typename Dot::Integer;

  // What the offset of the levels adds to the products of blocks.
  HWY_INLINE void FindOffsets(size_t first, size_t count) {
    for (size_t token = 0; token < args_.tokens; ++token) {
      const int32_t* HWY_RESTRICT sums = args_.inputs[token].sums + 2 * first;
      for (size_t i = 0; i < count; ++i) {
        offsets_[token][i] = -DotLevels::kOffset * (sums[2 * i] + sums[2 * i + 1]);
      }
    }
  }

  HWY_INLINE void AddRow(uint64_t row, size_t first, size_t count, float* HWY_RESTRICT sums) {
    const size_t norm_bytes = args_.norm_dtype == DType::kF16 ? 2 : 4;
    const uint8_t* HWY_RESTRICT norms = args_.RowNorms(row) + first * norm_bytes;
    const size_t readable = (args_.num_rows - row) * args_.blocks - first;
    for (size_t token = 0; token < args_.tokens; ++token) {
      ChunkFactors(args_.norm_dtype, norms, count, readable, args_.inputs[token].scales + first,
                   factors_[token]);
    }
    ForTokenGroups<8>(args_.tokens, [&](auto tokens, size_t token) HWY_ATTR {
      AddTokens<decltype(tokens)::value>(token, first, count, sums + token * kLanes);
    });
  }

  template <size_t kTokens>
  HWY_INLINE void AddTokens(size_t token, size_t first, size_t count,
                            float* HWY_RESTRICT sums) const {
    const Integer* activations[kTokens];
    VF sum[kTokens];
    for (size_t t = 0; t < kTokens; ++t) {
      activations[t] =
          static_cast<const Integer*>(args_.inputs[token + t].activations) + first * kBlock;
      sum[t] = hn::Load(DF(), sums + t * kLanes);
    }
    for (size_t i = 0; i < count; ++i) {
      const auto first_half = levels_.template Get<0>(i);
      const auto second_half = levels_.template Get<1>(i);
      for (size_t t = 0; t < kTokens; ++t) {
        VI products = hn::Zero(DI());
        if constexpr (Dot::kHasOffset) products = FirstLane(offsets_[token + t][i]);
        const Integer* HWY_RESTRICT from = activations[t] + i * kBlock;
        products = Dot::Add(products, first_half, from);
        products = Dot::Add(products, second_half, from + kBlock / 2);
        sum[t] = hn::MulAdd(hn::ConvertTo(DF(), products), hn::Set(DF(), factors_[token + t][i]),
                            sum[t]);
      }
    }
    for (size_t t = 0; t < kTokens; ++t) hn::Store(sum[t], DF(), sums + t * kLanes);
  }

  const MatVecArguments& args_;
  const Dot dot_;
  RowLevels<Dot, kChunk> levels_;
  int32_t offsets_[kMostVectorTokens][kChunk];
  alignas(64) float factors_[kMostVectorTokens][kChunk];
  alignas(64) float sums_[kMostRows * kMostVectorTokens * kLanes];  // [row, token] vectors
};

template <class Dot>
HWY_ATTR void MatVecWith(const MatVecArguments& args) {
  if (args.tokens <= kTokensOneByOne) {
    const Dot dot(*args.levels);
    for (size_t token = 0; token < args.tokens; ++token) {
      float* HWY_RESTRICT y = args.y + token * args.y_stride;
      for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
        y[row] = DotRow(args, dot, args.inputs[token], row);
      }
    }
    return;
  }
  CodedRows<Dot> rows(args);
  ForRowGroups(args.rows, CodedRows<Dot>::kMostRows,
               [&](RowRange part) HWY_ATTR { rows.Multiply(part); });
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
