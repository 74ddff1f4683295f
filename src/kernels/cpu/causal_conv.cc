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

void ConvSilu(RowSpan<const float> earlier, RowSpan<const float> inputs,
              std::span<const float> weights, TokenRange tokens, RowSpan<float> out) noexcept {
  HLWQ_DASSERT(earlier.rows < kMostTaps && weights.size() == (earlier.rows + 1) * out.width);
  HLWQ_DASSERT(earlier.width == out.width && inputs.width == out.width);
  HLWQ_DASSERT(tokens.end <= inputs.rows && tokens.size() == out.rows);
  HWY_DYNAMIC_DISPATCH(ConvSiluOn)(earlier, inputs, weights.data(), tokens, out);
}

}  // namespace hlwq::kernels
#endif
