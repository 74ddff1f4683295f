// One block of activations to integers.
#if defined(HLWQ_KERNELS_CPU_ROTATED_INPUTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_ROTATED_INPUTS_INL_H_
#undef HLWQ_KERNELS_CPU_ROTATED_INPUTS_INL_H_
#else
#define HLWQ_KERNELS_CPU_ROTATED_INPUTS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/fwht-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Below this a block counts as zero: its reciprocal would overflow.
constexpr float kLeastInput = 0x1p-100f;

HWY_INLINE float LargestMagnitude(const BlockVectors& block) {
  VF largest[2] = {hn::Abs(block.v[0]), hn::Abs(block.v[1])};
  for (size_t j = 2; j < kVectors; ++j) {
    largest[j % 2] = hn::Max(largest[j % 2], hn::Abs(block.v[j]));
  }
  return hn::GetLane(hn::MaxOfLanes(DF(), hn::Max(largest[0], largest[1])));
}

// `x` [128] -> integers within +-most, their scale and the sums of the first and second 64 of them.
template <typename T>
HWY_INLINE void RotateBlock(const float* HWY_RESTRICT x, float most, T* HWY_RESTRICT integers,
                            float* HWY_RESTRICT scale, int32_t (&sums)[2]) {
  BlockVectors block = LoadBlock(x);
  Fwht128(block);
  // The transform is without its factor 1 / sqrt(128), and the result is asked for over sqrt(128).
  const float largest = LargestMagnitude(block);
  // Also true for NaN, which a transform spreads over the whole block.
  const bool counts = !(largest < kLeastInput);
  *scale = counts ? largest / (most * kBlock) : 0.0f;
  const VF to_integer = hn::Set(DF(), counts ? most / largest : 0.0f);
  const hn::Rebind<T, DF> d;
  constexpr size_t kHalf = kVectors / 2;
  for (size_t half = 0; half < 2; ++half) {
    VI sum = hn::Zero(DI());
    for (size_t j = half * kHalf; j < (half + 1) * kHalf; ++j) {
      const VI rounded = hn::NearestInt(hn::Mul(block.v[j], to_integer));
      sum = hn::Add(sum, rounded);
      hn::StoreU(hn::DemoteTo(d, rounded), d, integers + j * kLanes);
    }
    sums[half] = hn::GetLane(hn::SumOfLanes(DI(), sum));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
