// The vectors of the kernels: float32 and 32-bit integers, sixteen lanes at most, one at least.
#if defined(HLWQ_KERNELS_CPU_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LANES_INL_H_
#undef HLWQ_KERNELS_CPU_LANES_INL_H_
#else
#define HLWQ_KERNELS_CPU_LANES_INL_H_
#endif

#include <cstddef>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using VF = hn::Vec<DF>;
using VI = hn::Vec<DI>;
constexpr size_t kLanes = hn::MaxLanes(DF());

// Whether 32 vector registers are there to hold sums, or 16.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64;

// The first `count` < kLanes lanes from and to memory; the other lanes are `fill`. Ends of rows go
// through these, so that every element gets the arithmetic of whole vectors.
HWY_INLINE VF LoadFirst(const float* HWY_RESTRICT from, size_t count, float fill) {
  alignas(64) float lanes[kLanes];
  for (float& lane : lanes) lane = fill;
  std::memcpy(lanes, from, count * sizeof(float));
  return hn::Load(DF(), lanes);
}
HWY_INLINE void StoreFirst(VF v, size_t count, float* HWY_RESTRICT to) {
  alignas(64) float lanes[kLanes];
  hn::Store(v, DF(), lanes);
  std::memcpy(to, lanes, count * sizeof(float));
}

HWY_INLINE float SumLanes(VF v) { return hn::GetLane(hn::SumOfLanes(DF(), v)); }
HWY_INLINE float MaxLane(VF v) { return hn::GetLane(hn::MaxOfLanes(DF(), v)); }

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
