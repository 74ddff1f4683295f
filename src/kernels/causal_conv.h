// Depthwise causal convolution over tokens, as before the delta rule.
#pragma once

#include <span>

namespace hlwq::kernels {

// One token: out[c] = silu(sum over n of weights[n, c] * rows[n][c]), silu(x) = x / (1 + e^-x).
// `rows` are the taps, at least one: inputs [channels] of consecutive tokens, the oldest first, the
// present token last (zeros before the first token); `weights` [taps, channels]. `out` [channels]
// may be one of the rows. Any alignment. Thread: safe. Allocates nothing. Cost: reads rows and
// weights once. As conv1d of transformers' Qwen3-Next, which stores the weights [channels, 1, taps].
void ConvSilu(std::span<const float* const> rows, std::span<const float> weights,
              std::span<float> out) noexcept;

}  // namespace hlwq::kernels
