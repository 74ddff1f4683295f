// e^x for vectors.
#if defined(HLWQ_KERNELS_CPU_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_EXP_INL_H_
#undef HLWQ_KERNELS_CPU_EXP_INL_H_
#else
#define HLWQ_KERNELS_CPU_EXP_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2.
struct ReducedExponent {
  VF r;
  hn::Vec<DU> n;  // in the low bits, modulo 512
};
HWY_INLINE ReducedExponent ReduceExponent(VF x) {
  const DF d;
  const VF round = hn::Set(d, 0x1.8p23f);  // a sum with it has its integer in the low bits
  const VF shifted = hn::MulAdd(x, hn::Set(d, 0x1.715476p0f), round);
  const VF n = hn::Sub(shifted, round);
  // ln 2 in two parts; n times the first is exact, also without fused operations.
  const VF r = hn::NegMulAdd(n, hn::Set(d, 0x1.63p-1f), x);
  return {hn::NegMulAdd(n, hn::Set(d, -0x1.bd0106p-13f), r), hn::BitCast(DU(), shifted)};
}

// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2 by the minimax polynomial of e^r with the first two terms
// fixed: relative error of e^r 3.2e-9.
HWY_INLINE VF ExponentCurve(VF r) {
  const DF d;
  VF p = hn::MulAdd(r, hn::Set(d, 0.00138138805f), hn::Set(d, 0.00836906303f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0416684225f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665182f));
  return hn::MulAdd(p, r, hn::Set(d, 0.49999994f));
}

// (e^r - 1) / r.
HWY_INLINE VF ExponentSlope(VF r) { return hn::MulAdd(ExponentCurve(r), r, hn::Set(DF(), 1)); }

// 2^(n + bias - 127).
HWY_INLINE VF PowerOfTwo(hn::Vec<DU> n, uint32_t bias) {
  return hn::BitCast(DF(), hn::ShiftLeft<23>(hn::Add(n, hn::Set(DU(), bias))));
}

// Within 2 ulp for x >= -86.98; below that 0. e^0 is 1, overflow is inf, NaN stays NaN. As
// 2 e^r * 2^(n-1): the power is a normal float for every n from -125 to 128.
HWY_INLINE VF Exp(VF x) {
  const DF d;
  const VF most = hn::Set(d, 89);
  const VF limited = hn::IfThenElse(hn::Gt(x, most), most, x);  // Min may drop NaN
  const ReducedExponent e = ReduceExponent(limited);
  const VF twice = hn::MulAdd(hn::Add(e.r, e.r), ExponentSlope(e.r), hn::Set(d, 2));
  const VF result = hn::Mul(twice, PowerOfTwo(e.n, 126));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -86.98f)), result);
}

// The same for x <= 0, in fewer steps.
HWY_INLINE VF ExpOfNegative(VF x) {
  const DF d;
  const ReducedExponent e = ReduceExponent(x);
  const VF power = hn::MulAdd(e.r, ExponentSlope(e.r), hn::Set(d, 1));
  const VF result = hn::Mul(power, PowerOfTwo(e.n, 127));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -86.98f)), result);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
