// What one model's prediction of one token is against another's.
#pragma once

#include <cstddef>
#include <span>

#include "report/kld.h"

namespace hlwq::eval {

// The largest logits of a row, ties by index.
report::TopTokens FindTopTokens(std::span<const float> logits) noexcept;

// A row of logits as a distribution: what comparing it with others needs, made once for all of them.
// Borrows the logits.
class Prediction {
 public:
  explicit Prediction(std::span<const float> logits) noexcept;

  std::span<const float> logits() const noexcept { return logits_; }
  double log_sum() const noexcept { return log_sum_; }  // ln sum e^logit
  const report::TopTokens& top() const noexcept { return top_; }
  // -ln P(token)
  double Nll(size_t token) const noexcept { return log_sum_ - static_cast<double>(logits_[token]); }

 private:
  std::span<const float> logits_;
  double log_sum_ = 0;
  report::TopTokens top_;
};

// Nats.
double EntropyOf(const Prediction& prediction) noexcept;

// For the token that follows in the text; `entropy` is that of the reference. In the precision of
// kernels/logit_divergence.h: equal rows differ by exactly 0, a logit that is not finite makes kl
// NaN or infinite. Thread: safe. Cost: three exponentials a logit with that of `model`.
report::TokenError CompareLogits(const Prediction& reference, double entropy,
                                 const Prediction& model, size_t token) noexcept;

}  // namespace hlwq::eval
