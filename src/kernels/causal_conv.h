// Depthwise causal convolution over tokens, as before the delta rule.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/row_span.h"

namespace hlwq::kernels {

inline constexpr size_t kMostTaps = 16;  // published models have 4

// out[t - tokens.begin, c] = silu(sum over n of weights[n, c] * x[t + n, c]), silu(x) = x / (1 + e^-x),
// for the tokens t of a range of those of `inputs` [tokens, channels], which are consecutive. x is
// `earlier` [taps - 1, channels], what came before them, oldest first (zeros before the first token of
// a sequence), followed by `inputs`; `weights` [taps, channels], at most kMostTaps. Tokens get the same
// bits in any range. `out` overlaps no input; any alignment. Thread: safe for different ranges.
// Allocates nothing. Cost: reads inputs and weights once for each tap, from a cache mostly. As conv1d
// of transformers' Qwen3-Next, which stores the weights [channels, 1, taps].
void ConvSilu(RowSpan<const float> earlier, RowSpan<const float> inputs,
              std::span<const float> weights, TokenRange tokens, RowSpan<float> out) noexcept;

}  // namespace hlwq::kernels
