// The convolution of kernels/causal_conv.h for one target.
#if defined(HLWQ_KERNELS_CPU_CAUSAL_CONV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_CAUSAL_CONV_INL_H_
#undef HLWQ_KERNELS_CPU_CAUSAL_CONV_INL_H_
#else
#define HLWQ_KERNELS_CPU_CAUSAL_CONV_INL_H_
#endif

#include <cstddef>
#include <span>

#include "hwy/highway.h"
#include "kernels/causal_conv.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/cpu/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// One token, from its taps.
HWY_INLINE void ConvSiluOfToken(std::span<const float* const> rows, const float* weights,
                                std::span<float> out) {
  const size_t channels = out.size();
  // load(pointer to some channels) is a vector of them.
  const auto convolve = [&](size_t channel, auto load) HWY_ATTR {
    VF sum = hn::Mul(load(weights + channel), load(rows[0] + channel));
    for (size_t n = 1; n < rows.size(); ++n) {
      sum = hn::MulAdd(load(weights + n * channels + channel), load(rows[n] + channel), sum);
    }
    return Silu(sum);
  };
  size_t channel = 0;
  for (; channel + kLanes <= channels; channel += kLanes) {
    const auto load = [](const float* from) HWY_ATTR { return hn::LoadU(DF(), from); };
    hn::StoreU(convolve(channel, load), DF(), out.data() + channel);
  }
  if (channel == channels) return;
  const size_t rest = channels - channel;
  const auto load = [rest](const float* from) HWY_ATTR { return LoadFirst(from, rest, 0); };
  StoreFirst(convolve(channel, load), rest, out.data() + channel);
}

HWY_ATTR void ConvSiluOn(RowSpan<const float> earlier, RowSpan<const float> inputs,
                         const float* weights, TokenRange tokens, RowSpan<float> out) {
  const size_t before = earlier.rows;
  const float* rows[kMostTaps];
  for (size_t token = tokens.begin; token < tokens.end; ++token) {
    for (size_t tap = 0; tap <= before; ++tap) {
      const size_t at = token + tap;
      rows[tap] = (at < before ? earlier[at] : inputs[at - before]).data();
    }
    ConvSiluOfToken({rows, before + 1}, weights, out[token - tokens.begin]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
