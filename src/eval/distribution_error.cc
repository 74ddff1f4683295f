#include "eval/distribution_error.h"

#include <algorithm>
#include <cmath>

namespace hlwq::eval {

TopTokens FindTopTokens(std::span<const float> logits) noexcept {
  TopTokens top;
  top.fill(-1);
  size_t found = 0;
  for (size_t token = 0; token < logits.size(); ++token) {
    // Few tokens get past the fifth best so far, so that the insertion costs nothing.
    if (found == kTopTokens && !(logits[token] > logits[static_cast<size_t>(top.back())])) continue;
    size_t place = found == kTopTokens ? kTopTokens - 1 : found++;
    while (place > 0 && logits[token] > logits[static_cast<size_t>(top[place - 1])]) {
      top[place] = top[place - 1];
      --place;
    }
    top[place] = static_cast<int32_t>(token);
  }
  return top;
}

double TokenError::ProbabilityDifference() const noexcept {
  return std::exp(-nll) - std::exp(-reference_nll);
}

TokenError CompareLogits(std::span<const float> reference, std::span<const float> logits,
                         size_t token) noexcept {
  const TopTokens reference_top = FindTopTokens(reference);
  const TopTokens top = FindTopTokens(logits);
  const double reference_max = reference[static_cast<size_t>(reference_top[0])];
  const double max = logits[static_cast<size_t>(top[0])];

  double reference_sum = 0, sum = 0;
  double cross = 0;   // of e^(a - max) (a - b)
  double energy = 0;  // of e^(a - max) (a - max)
  for (size_t index = 0; index < reference.size(); ++index) {
    const double a = reference[index], b = logits[index];
    const double weight = std::exp(a - reference_max);
    reference_sum += weight;
    cross += weight * (a - b);
    energy += weight * (a - reference_max);
    sum += std::exp(b - max);
  }
  const double reference_log = std::log(reference_sum), log = std::log(sum);

  TokenError error;
  // NaN must come through: std::max(0, NaN) is 0.
  const double kl = cross / reference_sum - (reference_max - max) - (reference_log - log);
  error.kl = kl < 0 ? 0 : kl;
  error.entropy = std::max(reference_log - energy / reference_sum, 0.0);
  error.reference_nll = reference_log - (double{reference[token]} - reference_max);
  error.nll = log - (double{logits[token]} - max);
  error.reference_top = reference_top[0];
  error.top = top[0];
  for (const int32_t one : reference_top) {
    error.shared_top += one >= 0 && std::ranges::find(top, one) != top.end();
  }
  return error;
}

}  // namespace hlwq::eval
