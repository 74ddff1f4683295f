#include "kernels/causal_conv.h"

#include "base/error.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/causal_conv.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/causal_conv-inl.h"

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(ConvSiluOn);

void ConvSilu(std::span<const float* const> rows, std::span<const float> weights,
              std::span<float> out) noexcept {
  HLWQ_DASSERT(!rows.empty() && weights.size() == rows.size() * out.size());
  HWY_DYNAMIC_DISPATCH(ConvSiluOn)
  (rows.data(), rows.size(), weights.data(), out.data(), out.size());
}

}  // namespace hlwq::kernels
#endif
