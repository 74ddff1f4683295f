// Rows of codes times one vector: what is the same for all bits, orders and targets. The integer
// dot product of half a block, 64 weights, comes from a Dot class:
//
//   using Integer = ..;                // of the activations: int8_t or int16_t
//   static constexpr bool kHasOffset;  // its levels are DotLevels::narrow, with the offset
//   explicit Dot(const DotLevels&);
//   // Adds to lanes that are to be summed. `packed` is the block, `activations` those of the half.
//   template <size_t kHalf>
//   VI AddHalf(VI sum, const uint8_t* packed, const Integer* activations) const;
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

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
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

// The integer dot product of a block, with the offset of the levels taken off. `sums` are those of
// the activations of its halves.
template <class Dot>
HWY_INLINE VI DotBlock(const Dot& dot, const uint8_t* HWY_RESTRICT packed,
                       const typename Dot::Integer* HWY_RESTRICT activations,
                       const int32_t* HWY_RESTRICT sums) {
  VI sum = hn::Zero(DI());
  if constexpr (Dot::kHasOffset) sum = FirstLane(-DotLevels::kOffset * (sums[0] + sums[1]));
  sum = dot.template AddHalf<0>(sum, packed, activations);
  return dot.template AddHalf<1>(sum, packed, activations + kBlock / 2);
}

template <class Dot>
HWY_INLINE float DotRow(const MatVecArguments& args, const Dot& dot, uint64_t row) {
  const uint8_t* HWY_RESTRICT packed = args.Row(row);
  const uint8_t* HWY_RESTRICT norms = args.RowNorms(row);
  const auto* HWY_RESTRICT activations =
      static_cast<const typename Dot::Integer*>(args.activations);
  const int32_t* HWY_RESTRICT sums = args.sums;
  const size_t norm_bytes = args.norm_dtype == DType::kF16 ? 2 : 4;
  size_t readable = (args.num_rows - row) * args.blocks;
  alignas(64) float factors[kChunk];
  VF sum = hn::Zero(DF());
  for (size_t first = 0; first < args.blocks; first += kChunk) {
    const size_t count = std::min(kChunk, args.blocks - first);
    ChunkFactors(args.norm_dtype, norms, count, readable, args.scales + first, factors);
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
  return hn::GetLane(hn::SumOfLanes(DF(), sum)) * args.levels->step;
}

template <class Dot>
HWY_ATTR void MatVecWith(const MatVecArguments& args) {
  const Dot dot(*args.levels);
  for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
    args.y[row] = DotRow(args, dot, row);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
