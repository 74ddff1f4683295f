// The logistic function for vectors. Relative error below 5e-7.
#if defined(HLWQ_KERNELS_CPU_SIGMOID_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_SIGMOID_INL_H_
#undef HLWQ_KERNELS_CPU_SIGMOID_INL_H_
#else
#define HLWQ_KERNELS_CPU_SIGMOID_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// y * sigmoid(x).
HWY_INLINE VF TimesSigmoid(VF y, VF x) {
  return hn::Div(y, hn::Add(hn::Set(DF(), 1), Exp(hn::Neg(x))));
}

HWY_INLINE VF Silu(VF x) { return TimesSigmoid(x, x); }

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
