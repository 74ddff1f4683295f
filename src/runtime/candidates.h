// The tokens that may come next, and the filters that make them fewer.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/engine.h"

namespace hlwq::runtime {

// Tokens with their logits. Each filter keeps at least one. Sums are taken in an order that the
// logits alone determine, so the outcome is the same everywhere; of equal logits the lower id comes
// first. Allocates only when a set is larger than any before.
class Candidates {
 public:
  struct Candidate {
    TokenId token = 0;
    float logit = 0;
    double weight = 0;  // exp(logit - the largest)
  };

  std::span<const Candidate> list() const noexcept { return list_; }

  // Takes the `count` largest logits (0: all) that are above -infinity, which must be at least one
  // and none NaN. Cost: one pass, and sorting `count`.
  void Take(std::span<const float> logits, size_t count);

  // Keeps the fewest likeliest tokens that have `share` of the probability together.
  void KeepTop(double share);
  // Keeps the tokens at least `ratio` times as likely as the likeliest.
  void KeepLikely(double ratio);
  // Keeps the fewest tokens that have `share` together, those first whose surprise is nearest to
  // the entropy (Meister and others 2023, "Locally Typical Sampling").
  void KeepTypical(double share);

  // The token at `position` in [0, 1) of the distribution softmax(logit / temperature).
  TokenId Draw(double temperature, double position);

 private:
  std::vector<Candidate> list_;  // the first sorted_ by falling logit, the others by rising id
  size_t sorted_ = 0;
  float largest_ = 0;

  double SetWeights(double temperature);
  void SortAtLeast(size_t count);
};

}  // namespace hlwq::runtime
