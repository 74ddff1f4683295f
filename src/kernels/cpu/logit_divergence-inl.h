// The sums of kernels/logit_divergence.h for one target.
#if defined(HLWQ_KERNELS_CPU_LOGIT_DIVERGENCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LOGIT_DIVERGENCE_INL_H_
#undef HLWQ_KERNELS_CPU_LOGIT_DIVERGENCE_INL_H_
#else
#define HLWQ_KERNELS_CPU_LOGIT_DIVERGENCE_INL_H_
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"
#include "kernels/cpu/exp-inl.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Probabilities from logits: e^(x - log_sum), where the rounding of log_sum to float is made good.
struct Normalizer {
  explicit Normalizer(double log_sum)
      : anchor(static_cast<float>(log_sum)),
        offset(log_sum - static_cast<double>(anchor)),
        scale(static_cast<float>(std::exp(-offset))) {}

  HWY_INLINE VF Probability(VF x) const {
    return hn::Mul(ExpOfNegative(hn::Sub(x, hn::Set(DF(), anchor))), hn::Set(DF(), scale));
  }

  float anchor;
  double offset;  // of log_sum from the anchor
  float scale;
};

// A logit that adds nothing to a sum over probabilities, and no NaN.
constexpr float kNoLogit = -1e30f;

// Sum of term(vector of a, vector of b) over `count` pairs; two sums, as one would wait for its own
// addition. Runs of floats are short on every target: a sum of equal terms errs always the same way.
template <class Term>
HWY_INLINE double SumPairs(const float* a, const float* b, size_t count, Term term) {
  constexpr size_t kChunk = 32 * kLanes;
  double total = 0;
  for (size_t begin = 0; begin < count; begin += kChunk) {
    const size_t end = HWY_MIN(begin + kChunk, count);
    VF sum0 = hn::Zero(DF()), sum1 = sum0;
    size_t i = begin;
    for (; i + 2 * kLanes <= end; i += 2 * kLanes) {
      sum0 = hn::Add(sum0, term(hn::LoadU(DF(), a + i), hn::LoadU(DF(), b + i)));
      sum1 = hn::Add(sum1, term(hn::LoadU(DF(), a + i + kLanes), hn::LoadU(DF(), b + i + kLanes)));
    }
    for (; i < end; i += kLanes) {
      const size_t rest = HWY_MIN(end - i, kLanes);
      if (rest == kLanes) {
        sum0 = hn::Add(sum0, term(hn::LoadU(DF(), a + i), hn::LoadU(DF(), b + i)));
      } else {
        sum1 =
            hn::Add(sum1, term(LoadFirst(a + i, rest, kNoLogit), LoadFirst(b + i, rest, kNoLogit)));
      }
    }
    total += static_cast<double>(SumLanes(hn::Add(sum0, sum1)));
  }
  return total;
}

// ln P = (x - anchor) - offset, and the sum of P is 1.
HWY_ATTR double EntropyOn(const float* x, size_t count, double log_sum) {
  const Normalizer normalizer(log_sum);
  const VF anchor = hn::Set(DF(), normalizer.anchor);
  const double sum = SumPairs(x, x, count, [&](VF v, VF) HWY_ATTR {
    return hn::Mul(normalizer.Probability(v), hn::Sub(anchor, v));
  });
  return sum + normalizer.offset;
}

HWY_ATTR double DivergenceOn(const float* a, double a_log_sum, const float* b, double b_log_sum,
                             size_t count) {
  const Normalizer of_a(a_log_sum), of_b(b_log_sum);
  const VF shift = hn::Set(DF(), static_cast<float>(a_log_sum - b_log_sum));
  // Up to here e^d - 1 - d is found by its series; beyond, the differences lose few bits.
  const VF near = hn::Set(DF(), 0.34f);
  return SumPairs(a, b, count, [&](VF x, VF y) HWY_ATTR {
    const VF p = of_a.Probability(x), q = of_b.Probability(y);
    const VF d = hn::Add(hn::Sub(y, x), shift);
    const VF small = hn::Mul(p, hn::Mul(hn::Mul(d, d), ExponentCurve(d)));
    const VF large = hn::NegMulAdd(p, d, hn::Sub(q, p));
    return hn::IfThenElse(hn::Lt(hn::Abs(d), near), small, large);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
