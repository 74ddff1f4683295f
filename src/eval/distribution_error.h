// What one model's prediction of one token is against another's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hlwq::eval {

// The largest logits of a row, ties by index.
inline constexpr size_t kTopTokens = 5;
using TopTokens = std::array<int32_t, kTopTokens>;  // -1 beyond a smaller vocabulary

TopTokens FindTopTokens(std::span<const float> logits) noexcept;

// P is the reference's distribution, Q the model's; nats.
struct TokenError {
  double kl = 0;               // sum of P ln(P / Q); not below 0
  double entropy = 0;          // of P
  double reference_nll = 0;    // -ln P(token)
  double nll = 0;              // -ln Q(token)
  int32_t reference_top = 0;   // the likeliest token of P
  int32_t top = 0;             // of Q
  uint8_t shared_top = 0;      // how many of P's kTopTokens likeliest are among Q's

  // Q(token) - P(token)
  double ProbabilityDifference() const noexcept;
  bool HasSameTop() const noexcept { return reference_top == top; }
};

// From the logits [vocabulary] of both, for the token that follows in the text. Everything is summed
// in double, and from the logits: two equal rows differ by exactly 0. A logit that is not finite
// makes kl NaN or infinite. Thread: safe. Cost: two exponentials a logit.
TokenError CompareLogits(std::span<const float> reference, std::span<const float> logits,
                         size_t token) noexcept;

}  // namespace hlwq::eval
