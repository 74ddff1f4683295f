// e^x for vectors.
#if defined(HLWQ_KERNELS_CPU_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_EXP_INL_H_
#undef HLWQ_KERNELS_CPU_EXP_INL_H_
#else
#define HLWQ_KERNELS_CPU_EXP_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Within 2 ulp for x >= -86.98; below that 0. e^0 is 1, overflow is inf, NaN stays NaN.
//
// e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2; e^r = 1 + r + r^2 p(r), p the minimax
// polynomial of degree 4 (relative error 3.2e-9). Twice that times 2^(n-1): the power then is a
// normal float for every n from -125 to 128.
HWY_INLINE VF Exp(VF x) {
  const DF d;
  const VF most = hn::Set(d, 89);
  const VF limited = hn::IfThenElse(hn::Gt(x, most), most, x);  // Min may drop NaN
  const VF round = hn::Set(d, 0x1.8p23f);  // a sum with it has its integer in the low bits
  const VF shifted = hn::MulAdd(limited, hn::Set(d, 0x1.715476p0f), round);
  const VF n = hn::Sub(shifted, round);
  // ln 2 in two parts; n times the first is exact, also without fused operations.
  VF r = hn::NegMulAdd(n, hn::Set(d, 0x1.63p-1f), limited);
  r = hn::NegMulAdd(n, hn::Set(d, -0x1.bd0106p-13f), r);
  VF p = hn::MulAdd(r, hn::Set(d, 0.00138138805f), hn::Set(d, 0.00836906303f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0416684225f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665182f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.49999994f));
  const VF twice = hn::MulAdd(hn::Add(r, r), hn::MulAdd(p, r, hn::Set(d, 1)), hn::Set(d, 2));
  const auto exponent = hn::Add(hn::BitCast(DU(), shifted), hn::Set(DU(), 126));
  const VF power = hn::BitCast(d, hn::ShiftLeft<23>(exponent));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -86.98f)), hn::Mul(twice, power));
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
