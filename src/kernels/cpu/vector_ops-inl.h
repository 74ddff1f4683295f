// The operations of kernels/vector_ops.h for one target.
#if defined(HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_
#undef HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_
#else
#define HLWQ_KERNELS_CPU_VECTOR_OPS_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <limits>

#include "hwy/highway.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/cpu/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// out[i] = op(vectors of each `in` at i); `out` may be one of them.
template <class Op, class... In>
HWY_INLINE void ForEachElement(float* out, size_t count, Op op, const In*... in) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(op(hn::LoadU(DF(), in + i)...), DF(), out + i);
  }
  if (i == count) return;
  StoreFirst(op(LoadFirst(in + i, count - i, 0)...), count - i, out + i);
}

// Sum of term(vector) over x, whose end is filled up with `fill`. Four sums, as one would wait for
// its own addition.
template <class Term>
HWY_INLINE float SumTerms(const float* HWY_RESTRICT x, size_t count, float fill, Term term) {
  VF sum0 = hn::Zero(DF()), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    sum0 = hn::Add(sum0, term(hn::LoadU(DF(), x + i)));
    sum1 = hn::Add(sum1, term(hn::LoadU(DF(), x + i + kLanes)));
    sum2 = hn::Add(sum2, term(hn::LoadU(DF(), x + i + 2 * kLanes)));
    sum3 = hn::Add(sum3, term(hn::LoadU(DF(), x + i + 3 * kLanes)));
  }
  for (; i + kLanes <= count; i += kLanes) sum0 = hn::Add(sum0, term(hn::LoadU(DF(), x + i)));
  if (i < count) sum1 = hn::Add(sum1, term(LoadFirst(x + i, count - i, fill)));
  return SumLanes(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)));
}

HWY_INLINE float SumOfSquares(const float* HWY_RESTRICT x, size_t count) {
  return SumTerms(x, count, 0, [](VF v) HWY_ATTR { return hn::Mul(v, v); });
}

// What makes the mean of squares of x one.
HWY_INLINE VF RmsFactor(const float* x, size_t count, float epsilon) {
  const float mean = SumOfSquares(x, count) / static_cast<float>(count);
  return hn::Set(DF(), 1 / std::sqrt(mean + epsilon));
}

HWY_ATTR void RmsNormOn(const float* x, const float* weight, float epsilon, float* y,
                        size_t count) {
  const VF factor = RmsFactor(x, count, epsilon);
  const auto norm = [&](VF v, VF w) HWY_ATTR { return hn::Mul(hn::Mul(v, factor), w); };
  ForEachElement(y, count, norm, x, weight);
}

HWY_ATTR void GatedRmsNormOn(const float* x, const float* weight, float epsilon, const float* z,
                             float* y, size_t count) {
  const VF factor = RmsFactor(x, count, epsilon);
  const auto norm = [&](VF v, VF w, VF gate)
                        HWY_ATTR { return hn::Mul(hn::Mul(hn::Mul(v, factor), w), Silu(gate)); };
  ForEachElement(y, count, norm, x, weight, z);
}

HWY_ATTR void L2NormalizeOn(const float* x, float scale, float* y, size_t count) {
  const VF factor = hn::Set(DF(), scale / std::sqrt(SumOfSquares(x, count) + 1e-6f));
  ForEachElement(
      y, count, [&](VF v) HWY_ATTR { return hn::Mul(v, factor); }, x);
}

HWY_ATTR void AddOn(const float* x, float* y, size_t count) {
  ForEachElement(
      y, count, [](VF a, VF b) HWY_ATTR { return hn::Add(b, a); }, x, y);
}

HWY_ATTR void AddScaledOn(const float* x, float scale, float* y, size_t count) {
  const VF factor = hn::Set(DF(), scale);
  ForEachElement(
      y, count, [&](VF a, VF b) HWY_ATTR { return hn::MulAdd(a, factor, b); }, x, y);
}

HWY_ATTR void SiluMulOn(const float* gate, const float* up, float* y, size_t count) {
  ForEachElement(
      y, count, [](VF g, VF u) HWY_ATTR { return hn::Mul(Silu(g), u); }, gate, up);
}

HWY_ATTR void SigmoidMulOn(const float* gate, float* y, size_t count) {
  ForEachElement(
      y, count, [](VF g, VF v) HWY_ATTR { return TimesSigmoid(v, g); }, gate, y);
}

HWY_ATTR void RotateHeadOn(const float* HWY_RESTRICT cosines, const float* HWY_RESTRICT sines,
                           float* HWY_RESTRICT low, float* HWY_RESTRICT high, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const VF c = hn::LoadU(DF(), cosines + i);
    const VF s = hn::LoadU(DF(), sines + i);
    const VF a = hn::LoadU(DF(), low + i);
    const VF b = hn::LoadU(DF(), high + i);
    hn::StoreU(hn::NegMulAdd(b, s, hn::Mul(a, c)), DF(), low + i);
    hn::StoreU(hn::MulAdd(a, s, hn::Mul(b, c)), DF(), high + i);
  }
  if (i == count) return;
  const size_t rest = count - i;
  const VF c = LoadFirst(cosines + i, rest, 0);
  const VF s = LoadFirst(sines + i, rest, 0);
  const VF a = LoadFirst(low + i, rest, 0);
  const VF b = LoadFirst(high + i, rest, 0);
  StoreFirst(hn::NegMulAdd(b, s, hn::Mul(a, c)), rest, low + i);
  StoreFirst(hn::MulAdd(a, s, hn::Mul(b, c)), rest, high + i);
}

// The largest value that is not NaN; -inf if there is none.
HWY_INLINE float Largest(const float* HWY_RESTRICT x, size_t count) {
  const float lowest = -std::numeric_limits<float>::infinity();
  const auto larger = [](VF v, VF most)
                          HWY_ATTR { return hn::IfThenElse(hn::Gt(v, most), v, most); };
  VF most0 = hn::Set(DF(), lowest), most1 = most0, most2 = most0, most3 = most0;
  size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    most0 = larger(hn::LoadU(DF(), x + i), most0);
    most1 = larger(hn::LoadU(DF(), x + i + kLanes), most1);
    most2 = larger(hn::LoadU(DF(), x + i + 2 * kLanes), most2);
    most3 = larger(hn::LoadU(DF(), x + i + 3 * kLanes), most3);
  }
  for (; i + kLanes <= count; i += kLanes) most0 = larger(hn::LoadU(DF(), x + i), most0);
  if (i < count) most1 = larger(LoadFirst(x + i, count - i, lowest), most1);
  return MaxLane(larger(larger(most0, most1), larger(most2, most3)));
}

HWY_ATTR size_t ArgMaxOn(const float* HWY_RESTRICT x, size_t count) {
  const float most = Largest(x, count);
  const VF wanted = hn::Set(DF(), most);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    if (!hn::AllFalse(DF(), hn::Eq(hn::LoadU(DF(), x + i), wanted))) break;
  }
  for (; i < count; ++i) {
    if (x[i] == most) return i;
  }
  return 0;  // nothing but NaN
}

HWY_ATTR double LogSumExpOn(const float* HWY_RESTRICT x, size_t count) {
  constexpr size_t kChunk = 1024;  // 16 float additions a lane
  const float lowest = -std::numeric_limits<float>::infinity();
  const float most = Largest(x, count);
  // Where that is infinite, distances to it are not numbers.
  const VF reference = hn::Set(DF(), std::isinf(most) ? 0 : most);
  double sum = 0;
  for (size_t begin = 0; begin < count; begin += kChunk) {
    const size_t size = HWY_MIN(kChunk, count - begin);
    sum += SumTerms(x + begin, size, lowest,
                    [&](VF v) HWY_ATTR { return Exp(hn::Sub(v, reference)); });
  }
  return std::log(sum) + static_cast<double>(hn::GetLane(reference));
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
