// Rows of codes times one vector: what is the same for all bits, orders and targets. The integer
// dot product of one block comes from a BlockDot class:
//
//   using Integer = ..;                    // of the activations: int8_t or int16_t
//   static constexpr bool kHasOffset;      // its levels are DotLevels::narrow, with the offset, and
//                                          // operator() takes what one lane of the sum starts from
//   explicit BlockDot(const MatVecArguments&);
//   VI operator()(const uint8_t* packed, const Integer* activations) const;  // lanes to be summed
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

// norm * scale of the next kChunk blocks; those beyond `count` are unspecified. `readable` norms may
// be read: up to the end of the matrix, past that of the row.
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

// The integer dot product of block `b`, with the offset of the levels taken off.
template <class BlockDot>
HWY_INLINE VI DotBlock(const BlockDot& dot, const uint8_t* HWY_RESTRICT packed,
                       const typename BlockDot::Integer* HWY_RESTRICT activations,
                       const int32_t* HWY_RESTRICT sum) {
  if constexpr (BlockDot::kHasOffset) {
    return dot(packed, activations, -DotLevels::kOffset * *sum);
  } else {
    (void)sum;
    return dot(packed, activations);
  }
}

template <class BlockDot>
HWY_INLINE float DotRow(const MatVecArguments& args, const BlockDot& dot, uint64_t row) {
  const uint8_t* HWY_RESTRICT packed = args.Row(row);
  const uint8_t* HWY_RESTRICT norms = args.RowNorms(row);
  const auto* HWY_RESTRICT activations =
      static_cast<const typename BlockDot::Integer*>(args.activations);
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
      hwy::Prefetch(packed + kAhead);  // past the end is no harm: nothing is read
      hwy::Prefetch(packed + kAhead + 64);
      const VI products = DotBlock(dot, packed, activations, sums++);
      sum = hn::MulAdd(hn::ConvertTo(DF(), products), hn::Set(DF(), factors[i]), sum);
      packed += args.block_bytes;
      activations += kBlock;
    }
  }
  return hn::GetLane(hn::SumOfLanes(DF(), sum)) * args.levels->step;
}

template <class BlockDot>
HWY_ATTR void MatVecWith(const MatVecArguments& args) {
  const BlockDot dot(args);
  for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
    args.y[row] = DotRow(args, dot, row);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
