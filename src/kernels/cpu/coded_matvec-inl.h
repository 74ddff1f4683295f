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
// Several vectors share the decoding of levels, which never leave the registers. Each gets the
// operations of one alone, in the same order: its products are the same to the last bit.
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

#include "hwy/highway.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/half_levels-inl.h"
#include "kernels/cpu/matvec_arguments.h"
#include "kernels/cpu/read_ahead.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Block multipliers are made ready for this many blocks at a time.
constexpr size_t kChunk = 16;

// Up to this many tokens, rows are multiplied one after another, as they are read fastest.
constexpr size_t kTokensOfRow = 2;

// The lines of a block.
HWY_INLINE void AskForBlock(const uint8_t* HWY_RESTRICT packed) {
  AskFor(packed);
  AskFor(packed + 64);
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

// So many tokens at once: their sums find room in 32 registers.
constexpr size_t kMostAtOnce = 8;

// Calls body(std::integral_constant<size_t, tokens>()) for kLeast to kMost tokens.
template <size_t kLeast, size_t kMost, class Body>
HWY_INLINE void WithTokens(size_t tokens, Body body) {
  if (tokens == kMost) return body(std::integral_constant<size_t, kMost>());
  if constexpr (kLeast < kMost) WithTokens<kLeast, kMost - 1>(tokens, body);
}

template <class Dot>
class CodedProducts {
 public:
  explicit HWY_INLINE CodedProducts(const MatVecArguments& args)
      : args_(args), dot_(*args.levels) {}

  // Adds up to kChunk blocks of a row from `first`, for kTokens tokens from `token`. Asks for the codes
  // `ahead` bytes further.
  template <size_t kTokens>
  HWY_INLINE void Add(uint64_t row, size_t token, size_t first, size_t ahead,
                      VF (&sums)[kTokens]) const {
    const size_t count = std::min(kChunk, args_.blocks - first);
    const MatVecInput* inputs = args_.inputs + token;
    alignas(64) float factors[kTokens][kChunk];
    FindFactors(row, first, count, inputs, factors, sums);
    const Integer* activations[kTokens];
    for (size_t t = 0; t < kTokens; ++t) {
      activations[t] = static_cast<const Integer*>(inputs[t].activations) + first * kBlock;
    }
    const uint8_t* HWY_RESTRICT packed = args_.Row(row) + first * args_.block_bytes;
    for (size_t i = 0; i < count; ++i, packed += args_.block_bytes) {
      AskForBlock(packed + ahead);
      const auto first_half = dot_.template Half<0>(packed);
      const auto second_half = dot_.template Half<1>(packed);
      HWY_UNROLL(8)
      for (size_t t = 0; t < kTokens; ++t) {
        const Integer* HWY_RESTRICT from = activations[t] + i * kBlock;
        VI products = Dot::Add(hn::Zero(DI()), first_half, from);
        products = Dot::Add(products, second_half, from + kBlock / 2);
        sums[t] = hn::MulAdd(hn::ConvertTo(DF(), products), hn::Set(DF(), factors[t][i]), sums[t]);
      }
    }
  }

  HWY_INLINE float Finish(VF sum) const { return SumLanes(sum) * args_.levels->step; }

 private:
  using Integer = typename Dot::Integer;

  // norm * scale of the blocks of a chunk, zeros beyond `count`. What the offset of levels adds to
  // the products of these blocks is taken off `sums`.
  template <size_t kTokens>
  HWY_INLINE void FindFactors(uint64_t row, size_t first, size_t count, const MatVecInput* inputs,
                              float (&factors)[kTokens][kChunk], VF (&sums)[kTokens]) const {
    const size_t norm_bytes = args_.norm_dtype == DType::kF16 ? 2 : 4;
    const uint8_t* HWY_RESTRICT norms = args_.RowNorms(row) + first * norm_bytes;
    alignas(64) uint8_t tail[4 * kChunk];
    // Norms may be read up to the end of the matrix, past that of the row.
    if (HWY_UNLIKELY((args_.num_rows - row) * args_.blocks - first < kChunk)) {
      std::memset(tail, 0, sizeof(tail));
      std::memcpy(tail, norms, count * norm_bytes);
      norms = tail;
    }
    for (size_t i = 0; i < kChunk; i += kLanes) {
      const uint8_t* from = norms + i * norm_bytes;
      const VF loaded = args_.norm_dtype == DType::kF16 ? LoadNorms16(from) : F32Format::Load(from);
      const VF norm = hn::IfThenElseZero(hn::FirstN(DF(), count - std::min(i, count)), loaded);
      for (size_t t = 0; t < kTokens; ++t) {
        const VF factor = hn::Mul(norm, hn::Load(DF(), inputs[t].scales + first + i));
        hn::Store(factor, DF(), factors[t] + i);
        if constexpr (Dot::kHasOffset) {
          VI halves[2];
          hn::LoadInterleaved2(DI(), inputs[t].sums + 2 * (first + i), halves[0], halves[1]);
          const VF offset = hn::ConvertTo(
              DF(), hn::Mul(hn::Add(halves[0], halves[1]), hn::Set(DI(), DotLevels::kOffset)));
          sums[t] = hn::NegMulAdd(offset, factor, sums[t]);
        }
      }
    }
  }

  const MatVecArguments& args_;
  const Dot dot_;
};

// All products of `args`.
template <class Dot>
class MatVecRows {
 public:
  explicit HWY_INLINE MatVecRows(const MatVecArguments& args) : args_(args), products_(args) {}

  HWY_ATTR void Multiply() const {
    if (args_.tokens <= kTokensOfRow) {
      return WithTokens<1, kTokensOfRow>(
          args_.tokens, [&](auto tokens) HWY_ATTR { MultiplyEach<decltype(tokens)::value>(); });
    }
    for (uint64_t row = args_.rows.begin; row < args_.rows.end; row += kMostRows) {
      MultiplyTile({row, std::min<uint64_t>(row + kMostRows, args_.rows.end)});
    }
  }

 private:
  static constexpr size_t kMostRows = 16;

  // Row after row.
  template <size_t kTokens>
  HWY_ATTR HWY_NOINLINE void MultiplyEach() const {
    const CodedProducts<Dot> products = products_;  // whose tables so stay in registers
    for (uint64_t row = args_.rows.begin; row < args_.rows.end; ++row) {
      VF sums[kTokens];
      for (VF& sum : sums) sum = hn::Zero(DF());
      for (size_t first = 0; first < args_.blocks; first += kChunk) {
        products.Add(row, 0, first, kReadAhead, sums);
      }
      for (size_t t = 0; t < kTokens; ++t) Finish(row, t, sums[t]);
    }
  }

  // Up to kMostRows rows, kChunk blocks of all of them after one another: the activations of a chunk
  // stay in the first-level cache.
  HWY_INLINE void MultiplyTile(RowRange rows) const {
    alignas(64) float sums[kMostRows * kMostVectorTokens * kLanes];  // [row, token]
    std::fill_n(sums, rows.size() * args_.tokens * kLanes, 0.0f);
    for (size_t first = 0; first < args_.blocks; first += kChunk) {
      // Parts of the tokens, as even as can be.
      const size_t parts = (args_.tokens + kMostAtOnce - 1) / kMostAtOnce;
      for (size_t part = 0; part < parts; ++part) {
        const size_t begin = args_.tokens * part / parts;
        const size_t end = args_.tokens * (part + 1) / parts;
        WithTokens<kTokensOfRow + 1, kMostAtOnce>(end - begin, [&](auto tokens) HWY_ATTR {
          AddChunk<decltype(tokens)::value>(rows, begin, first, sums + begin * kLanes);
        });
      }
    }
    const float* at = sums;
    for (uint64_t row = rows.begin; row < rows.end; ++row) {
      for (size_t token = 0; token < args_.tokens; ++token, at += kLanes) {
        Finish(row, token, hn::Load(DF(), at));
      }
    }
  }

  // `at` are the sums of the first row and token.
  template <size_t kTokens>
  HWY_ATTR HWY_NOINLINE void AddChunk(RowRange rows, size_t token, size_t first,
                                      float* HWY_RESTRICT at) const {
    const CodedProducts<Dot> products = products_;
    for (uint64_t row = rows.begin; row < rows.end; ++row, at += args_.tokens * kLanes) {
      VF sums[kTokens];
      for (size_t t = 0; t < kTokens; ++t) sums[t] = hn::Load(DF(), at + t * kLanes);
      products.Add(row, token, first, args_.blocks * args_.block_bytes, sums);
      for (size_t t = 0; t < kTokens; ++t) hn::Store(sums[t], DF(), at + t * kLanes);
    }
  }

  HWY_INLINE void Finish(uint64_t row, size_t token, VF sum) const {
    args_.y[token * args_.y_stride + row] = products_.Finish(sum);
  }

  const MatVecArguments& args_;
  const CodedProducts<Dot> products_;
};

template <class Dot>
HWY_ATTR void MatVecWith(const MatVecArguments& args) {
  MatVecRows<Dot>(args).Multiply();
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
