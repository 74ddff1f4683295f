#include "eval/distribution_error.h"

#include <algorithm>

#include "kernels/logit_divergence.h"
#include "kernels/vector_ops.h"

namespace hlwq::eval {

report::TopTokens FindTopTokens(std::span<const float> logits) noexcept {
  report::TopTokens top;
  top.fill(-1);
  size_t found = 0;
  for (size_t token = 0; token < logits.size(); ++token) {
    // Few tokens get past the fifth best so far, so that the insertion costs nothing.
    if (found == report::kTopTokens && !(logits[token] > logits[static_cast<size_t>(top.back())]))
      continue;
    size_t place = found == report::kTopTokens ? report::kTopTokens - 1 : found++;
    while (place > 0 && logits[token] > logits[static_cast<size_t>(top[place - 1])]) {
      top[place] = top[place - 1];
      --place;
    }
    top[place] = static_cast<int32_t>(token);
  }
  return top;
}

Prediction::Prediction(std::span<const float> logits) noexcept
    : logits_(logits), log_sum_(kernels::LogSumExp(logits)), top_(FindTopTokens(logits)) {}

double EntropyOf(const Prediction& prediction) noexcept {
  return std::max(kernels::Entropy(prediction.logits(), prediction.log_sum()), 0.0);
}

report::TokenError CompareLogits(const Prediction& reference, double entropy,
                                 const Prediction& model, size_t token) noexcept {
  report::TokenError error;
  const double kl =
      kernels::Divergence(reference.logits(), reference.log_sum(), model.logits(), model.log_sum());
  error.kl = kl < 0 ? 0 : kl;  // NaN must come through: std::max(0, NaN) is 0
  error.entropy = entropy;
  error.reference_nll = reference.Nll(token);
  error.nll = model.Nll(token);
  error.reference_top = reference.top()[0];
  error.top = model.top()[0];
  for (const int32_t one : reference.top()) {
    error.shared_top += one >= 0 && std::ranges::find(model.top(), one) != model.top().end();
  }
  return error;
}

}  // namespace hlwq::eval
