// The transform and the sums of one block in registers (docs/format.md, "Arithmetic"): the same
// roundings in the same order as codec/hadamard.h on every target.
#if defined(HLWQ_KERNELS_CPU_FWHT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_FWHT_INL_H_
#undef HLWQ_KERNELS_CPU_FWHT_INL_H_
#else
#define HLWQ_KERNELS_CPU_FWHT_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kBlock = 128;
constexpr size_t kVectors = kBlock / kLanes;
constexpr size_t kVectorsPerGroup = 16 / kLanes;  // a group is 16 coordinates, see SumBlock

// One block as vectors.
struct BlockVectors {
  VF v[kVectors];
};

HWY_INLINE BlockVectors LoadBlock(const float* HWY_RESTRICT from) {
  BlockVectors block;
  for (size_t j = 0; j < kVectors; ++j) block.v[j] = hn::LoadU(DF(), from + j * kLanes);
  return block;
}

HWY_INLINE void StoreBlock(const BlockVectors& block, float* HWY_RESTRICT to) {
  for (size_t j = 0; j < kVectors; ++j) hn::StoreU(block.v[j], DF(), to + j * kLanes);
}

// v with lanes i and i ^ kDistance exchanged.
template <size_t kDistance>
HWY_INLINE VF SwapLanes(VF v) {
  if constexpr (kDistance == 1) {
    return hn::Shuffle2301(v);
  } else if constexpr (kDistance == 2) {
    return hn::Shuffle1032(v);
  } else {
    alignas(64) int32_t indices[kLanes];
    for (size_t i = 0; i < kLanes; ++i) indices[i] = static_cast<int32_t>(i ^ kDistance);
    return hn::TableLookupLanes(v, hn::SetTableIndices(DF(), indices));
  }
}

// The stage of distance kDistance inside each vector. Where the bit is clear: v + partner; where it
// is set: partner - v. As v * (+-1) + partner, whose product is exact, fused or not.
template <size_t kDistance>
HWY_INLINE void LaneStage(BlockVectors& block) {
  alignas(64) float signs[kLanes];
  for (size_t i = 0; i < kLanes; ++i) signs[i] = (i & kDistance) != 0 ? -1.0f : 1.0f;
  const VF sign = hn::Load(DF(), signs);
  for (size_t j = 0; j < kVectors; ++j) {
    block.v[j] = hn::MulAdd(block.v[j], sign, SwapLanes<kDistance>(block.v[j]));
  }
}

// codec::Fwht128.
HWY_INLINE void Fwht128(BlockVectors& block) {
  HWY_UNROLL(7)
  for (size_t distance = kVectors / 2; distance > 0; distance /= 2) {
    for (size_t j = 0; j < kVectors; ++j) {
      if ((j & distance) != 0) continue;
      const VF a = block.v[j];
      const VF b = block.v[j + distance];
      block.v[j] = hn::Add(a, b);
      block.v[j + distance] = hn::Sub(a, b);
    }
  }
  if constexpr (kLanes > 8) LaneStage<8>(block);
  if constexpr (kLanes > 4) LaneStage<4>(block);
  if constexpr (kLanes > 2) LaneStage<2>(block);
  if constexpr (kLanes > 1) LaneStage<1>(block);
}

// Lanes i + 8 added to i, then i + 4, as far as there are that many; the four that are left.
template <class D>
HWY_INLINE hn::Vec<hn::FixedTag<hn::TFromD<D>, 4>> Halved(D /*d*/, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    return Halved(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else {
    return v;
  }
}

// The halvings from 16 lanes, which `group` holds and loses, to lanes 0..3.
HWY_INLINE void HalveToFour(VF (&group)[kVectorsPerGroup], float* HWY_RESTRICT to) {
  for (size_t half = kVectorsPerGroup / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) group[j] = hn::Add(group[j], group[j + half]);
  }
  hn::Store(Halved(DF(), group[0]), hn::FixedTag<float, 4>(), to);
}

// Sums the terms of one block as codec::SumBlock does, fed vector by vector in ascending order,
// down to four lanes; four such rows at a time are finished by FinishSums.
class BlockSum {
 public:
  template <size_t kVector>
  HWY_INLINE void Add(VF term) {
    constexpr size_t kGroup = kVector / kVectorsPerGroup;
    VF& sum = sums_[kGroup % 2][kVector % kVectorsPerGroup];
    if constexpr (kGroup < 2) {
      sum = term;
    } else {
      sum = hn::Add(sum, term);
    }
  }

  // Lanes 0..3 after the halvings from 16 lanes to 4.
  HWY_INLINE void StoreFour(float* HWY_RESTRICT to) const {
    VF group[kVectorsPerGroup];
    for (size_t j = 0; j < kVectorsPerGroup; ++j) group[j] = hn::Add(sums_[0][j], sums_[1][j]);
    HalveToFour(group, to);
  }

 private:
  VF sums_[2][kVectorsPerGroup];
};

// rows [4][4] of StoreFour -> their four sums.
HWY_INLINE void FinishSums(const float* HWY_RESTRICT rows, float* HWY_RESTRICT sums) {
  const hn::FixedTag<float, 4> d4;
  hn::Vec<decltype(d4)> a, b, c, d;
  hn::LoadInterleaved4(d4, rows, a, b, c, d);
  hn::Store(hn::Add(hn::Add(a, c), hn::Add(b, d)), d4, sums);
}

// Calls body(std::integral_constant<size_t, 0>) .. for every vector of a block.
template <class Body, size_t... kIndex>
HWY_INLINE void ForEachVectorImpl(Body body, std::index_sequence<kIndex...>) {
  (body(std::integral_constant<size_t, kIndex>()), ...);
}
template <class Body>
HWY_INLINE void ForEachVector(Body body) {
  ForEachVectorImpl(body, std::make_index_sequence<kVectors>());
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
