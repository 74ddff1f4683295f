// Distributions given as rows of logits, P(i) = e^(x_i - s) with s = LogSumExp(x) (vector_ops.h):
// how uncertain one is, and how far another is from it. Float exponentials; sums of 16 terms
// in float, of these in double. Any alignment. A logit that is not finite makes the result infinite or
// NaN. Thread: safe. Nothing is allocated.
#pragma once

#include <span>

namespace hlwq::kernels {

// -sum P ln P in nats. Relative error below 2e-6, absolute below 1e-6.
double Entropy(std::span<const float> logits, double log_sum) noexcept;

// sum P ln(P / Q) in nats, P of `logits` and Q of `other`, rows of equal length. It is summed as
// P (e^d - 1 - d) with d = ln(Q / P): no term is negative, and an error of the log sums, at which
// sum P d alone would fail, counts squared. Relative error below 1e-5 where the divergence is above
// 1e-8 and the rows are not shifted against each other by more than some units; equal rows give
// exactly 0. May be negative by rounding.
double Divergence(std::span<const float> logits, double log_sum, std::span<const float> other,
                  double other_log_sum) noexcept;

}  // namespace hlwq::kernels
