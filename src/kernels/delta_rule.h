// The gated delta rule: linear attention whose state is a matrix, corrected token by token.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/row_span.h"

namespace hlwq::kernels {

// Consecutive tokens of one value head of one sequence. Any alignment; `out` overlaps nothing else.
struct DeltaHead {
  size_t key_dim = 0, value_dim = 0;  // at most kMostDeltaDim
  size_t tokens = 0;
  const float* q = nullptr;  // [tokens, key_dim], normed and scaled by 1 / sqrt(key_dim) already
  const float* k = nullptr;  // [tokens, key_dim], normed already
  size_t key_stride = 0;     // elements from one token to the next, of q and k
  const float* v = nullptr;  // [tokens, value_dim]
  size_t value_stride = 0;
  const float* log_alpha = nullptr;  // [tokens], <= 0: the logarithm of the decay
  const float* beta = nullptr;       // [tokens]
  size_t gate_stride = 0;            // of log_alpha and beta
  float* out = nullptr;              // [tokens, value_dim]
  size_t out_stride = 0;
};
inline constexpr size_t kMostDeltaDim = 256;

// For each token, with alpha = exp(log_alpha) and the state S [key_dim, value_dim]:
//   S <- alpha S;   S <- S + k (beta (v - S^T k))^T;   out = S^T q
// Carries the state from token to token and leaves that after the last. Rounding differs with the
// target. A call of up to 16 tokens takes them one by one, and so has the bits of as many calls; a
// longer one takes chunks of 16 from its first, and what is left at the end one by one (bounds on the
// difference: tests/kernels/delta_rule_test.cc);
// alpha below e^-86.98 forgets everything. What is not finite stays in its tokens and those after
// them. Thread: safe for different heads. Stack: 256 KiB; allocates nothing. Cost: of one token,
// reading and writing the state; of many, 6 key_dim value_dim float operations each. Source:
// Yang et al., Gated Delta Networks, arXiv:2412.06464.
void DeltaRule(const DeltaHead& head, std::span<float> state) noexcept;

// The gates as Qwen3-Next has them, rows [tokens, value heads], a_log and dt_bias [value heads]:
//   log_alpha = -exp(a_log) softplus(a + dt_bias);   beta = sigmoid(b)
// Relative error below 1e-6. log_alpha may be a, and beta b.
void DeltaGates(RowSpan<const float> a, RowSpan<const float> b, std::span<const float> a_log,
                std::span<const float> dt_bias, RowSpan<float> log_alpha,
                RowSpan<float> beta) noexcept;

}  // namespace hlwq::kernels
