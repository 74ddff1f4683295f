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
  double kl = 0;              // sum of P ln(P / Q); not below 0
  double entropy = 0;         // of P
  double reference_nll = 0;   // -ln P(token)
  double nll = 0;             // -ln Q(token)
  int32_t reference_top = 0;  // the likeliest token of P
  int32_t top = 0;            // of Q
  uint8_t shared_top = 0;     // how many of P's kTopTokens likeliest are among Q's

  // Q(token) - P(token)
  double ProbabilityDifference() const noexcept;
  bool HasSameTop() const noexcept { return reference_top == top; }
};

// A row of logits as a distribution: what comparing it with others needs, made once for all of them.
// Borrows the logits.
class Prediction {
 public:
  explicit Prediction(std::span<const float> logits) noexcept;

  std::span<const float> logits() const noexcept { return logits_; }
  double log_sum() const noexcept { return log_sum_; }  // ln sum e^logit
  const TopTokens& top() const noexcept { return top_; }
  // -ln P(token)
  double Nll(size_t token) const noexcept { return log_sum_ - static_cast<double>(logits_[token]); }

 private:
  std::span<const float> logits_;
  double log_sum_ = 0;
  TopTokens top_;
};

// Nats.
double EntropyOf(const Prediction& prediction) noexcept;

// For the token that follows in the text; `entropy` is that of the reference. In the precision of
// kernels/logit_divergence.h: equal rows differ by exactly 0, a logit that is not finite makes kl
// NaN or infinite. Thread: safe. Cost: three exponentials a logit with that of `model`.
TokenError CompareLogits(const Prediction& reference, double entropy, const Prediction& model,
                         size_t token) noexcept;

}  // namespace hlwq::eval
