#include "kernels/logit_divergence.h"

#include "base/error.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/logit_divergence.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/logit_divergence-inl.h"

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(EntropyOn);
HWY_EXPORT(DivergenceOn);

double Entropy(std::span<const float> logits, double log_sum) noexcept {
  return HWY_DYNAMIC_DISPATCH(EntropyOn)(logits.data(), logits.size(), log_sum);
}

double Divergence(std::span<const float> logits, double log_sum, std::span<const float> other,
                  double other_log_sum) noexcept {
  HLWQ_DASSERT(logits.size() == other.size());
  return HWY_DYNAMIC_DISPATCH(DivergenceOn)(logits.data(), log_sum, other.data(), other_log_sum,
                                            logits.size());
}

}  // namespace hlwq::kernels
#endif
