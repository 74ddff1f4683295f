#include "kernels/delta_rule.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/cpu/target.h"
#include "kernels/vector_ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/delta_rule.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/delta_chunks-inl.h"
#include "kernels/cpu/delta_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void DeltaRuleOn(const DeltaHead& head, float* state) {
  const size_t in_chunks = head.tokens <= kDeltaChunk ? 0 : head.tokens / kDeltaChunk * kDeltaChunk;
  if (in_chunks > 0) DeltaChunks(head, in_chunks, state);
  DeltaSteps(head, in_chunks, head.tokens, state);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(DeltaRuleOn);

void DeltaRule(const DeltaHead& head, std::span<float> state) noexcept {
  HLWQ_DASSERT(head.key_dim <= kMostDeltaDim && head.value_dim <= kMostDeltaDim);
  HLWQ_DASSERT(state.size() == head.key_dim * head.value_dim);
  HWY_DYNAMIC_DISPATCH(DeltaRuleOn)(head, state.data());
}

void DeltaGates(RowSpan<const float> a, RowSpan<const float> b, std::span<const float> a_log,
                std::span<const float> dt_bias, RowSpan<float> log_alpha,
                RowSpan<float> beta) noexcept {
  HLWQ_DASSERT(a.width == beta.width && b.width == beta.width && log_alpha.width == beta.width);
  HLWQ_DASSERT(a.rows == beta.rows && b.rows == beta.rows && log_alpha.rows == beta.rows);
  HLWQ_DASSERT(a_log.size() == beta.width && dt_bias.size() == beta.width);
  for (size_t row = 0; row < beta.rows; ++row) {
    for (size_t head = 0; head < beta.width; ++head) {
      const float x = a[row][head] + dt_bias[head];
      const float softplus = std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x)));
      log_alpha[row][head] = -std::exp(a_log[head]) * softplus;
      beta[row][head] = Sigmoid(b[row][head]);
    }
  }
}

}  // namespace hlwq::kernels
#endif
