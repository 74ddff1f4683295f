// The levels of half a block, 64 weights, as products with activations read them.
#if defined(HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_
#undef HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_
#else
#define HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/cpu/lane_codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

template <size_t kVectors>
struct HalfLevels {
  VByte v[kVectors];
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
