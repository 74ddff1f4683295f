// Draws a token from logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "study/sampling/gumbel.h"

namespace hlwq::study {

struct DrawOptions {
  double temperature = 1;  // logits are divided by it; 0: the likeliest token, the first of several
  double top_p = 1;  // only the fewest likeliest tokens that have this much probability together
};

// Of one token among all, at temperature 1.
double ProbabilityOf(int32_t token, std::span<const float> logits) noexcept;

// Keeps scratch memory. Thread: one caller at a time.
class TokenDrawer {
 public:
  // Throws Error{kInvalidArgument} for a temperature that is negative or not finite, or a top_p outside (0, 1].
  explicit TokenDrawer(const DrawOptions& options);

  // With probability softmax(logits / temperature), cut by top_p: the largest of logit / temperature +
  // Gumbel noise, in float64. Throws Error{kNonFinite} for logits that are not finite, -infinity apart,
  // and where all are -infinity.
  int32_t Draw(std::span<const float> logits, CounterRandom& random);

 private:
  DrawOptions options_;
  std::vector<uint32_t> order_;  // of top_p
  std::vector<double> weights_;  // of each token at this temperature, the likeliest 1

  size_t Likeliest(std::span<const float> logits) const;
  size_t DrawFromAll(std::span<const float> logits, uint64_t key) const;
  size_t DrawFromTop(std::span<const float> logits, double largest, uint64_t key);
};

}  // namespace hlwq::study
