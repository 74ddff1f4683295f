// The transform of codec/hadamard.h of a head's values, for one target.
#if defined(HLWQ_KERNELS_CPU_FWHT_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_FWHT_ROW_INL_H_
#undef HLWQ_KERNELS_CPU_FWHT_ROW_INL_H_
#else
#define HLWQ_KERNELS_CPU_FWHT_ROW_INL_H_
#endif

#include <cmath>
#include <cstddef>

#include "codec/kv_tile.h"
#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/fwht-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
// (a, b) -> (a + b, a - b) at one distance below kLanes.
template <size_t kDistance>
HWY_INLINE void StageInLanes(size_t size, float* HWY_RESTRICT row) {
  if constexpr (kDistance < kLanes) {
    alignas(64) float signs[kLanes];
    for (size_t i = 0; i < kLanes; ++i) signs[i] = (i & kDistance) != 0 ? -1.0f : 1.0f;
    const VF sign = hn::Load(DF(), signs);
    for (size_t i = 0; i < size; i += kLanes) {
      const VF v = hn::Load(DF(), row + i);
      hn::Store(hn::MulAdd(v, sign, SwapLanes<kDistance>(v)), DF(), row + i);
    }
  }
}
#endif

// row [head_dim], aligned, with room for whole vectors: each run of shape.rotation values normalised.
HWY_INLINE void RotateRow(const codec::KvHeadShape& shape, float* HWY_RESTRICT row) {
  for (size_t distance = shape.rotation / 2; distance >= kLanes; distance /= 2) {
    for (size_t i = 0; i < shape.head_dim; i += kLanes) {
      if ((i & distance) != 0) continue;
      const VF a = hn::Load(DF(), row + i), b = hn::Load(DF(), row + i + distance);
      hn::Store(hn::Add(a, b), DF(), row + i);
      hn::Store(hn::Sub(a, b), DF(), row + i + distance);
    }
  }
#if HWY_TARGET != HWY_SCALAR
  if (shape.rotation > 8) StageInLanes<8>(shape.head_dim, row);
  StageInLanes<4>(shape.head_dim, row);
  StageInLanes<2>(shape.head_dim, row);
  StageInLanes<1>(shape.head_dim, row);
#endif
  const float normal = 1 / std::sqrt(static_cast<float>(shape.rotation));
  for (size_t i = 0; i < shape.head_dim; ++i) row[i] *= normal;
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
