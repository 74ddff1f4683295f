// Chooses the next token of a sequence from its logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/candidates.h"
#include "runtime/penalties.h"
#include "runtime/sampler_options.h"

namespace hlwq::runtime {

// In the order of llama.cpp's default chain: logit biases, penalties, top-k, typical-p, top-p,
// min-p, temperature; the filters see the distribution at temperature 1. Equal logits go to the
// lowest id. The choice depends on the logits, the tokens accepted so far, the options and how many
// choices were made before, and on nothing else: not on threads, processor or library. Allocates
// nothing after the first choice.
class Sampler {
 public:
  // For logits [vocabulary]. Throws as CheckSamplerOptions.
  Sampler(SamplerOptions options, size_t vocabulary);

  // Counts tokens of the prompt for the penalties.
  void Accept(std::span<const TokenId> tokens) noexcept;

  // The next token, which is then counted too; one of those allowed (TokenFilter::Allowed), where not all are. Throws
  // Error{kNonFinite} when a logit is NaN or +infinity, or all are -infinity.
  TokenId Sample(std::span<const float> logits, std::span<const uint32_t> allowed = {});

 private:
  SamplerOptions options_;
  Penalties penalties_;
  Candidates candidates_;
  std::vector<float> changed_;  // logits with biases, penalties, and without what may not come
  uint64_t choices_ = 0;

  std::span<const float> Change(std::span<const float> logits, std::span<const uint32_t> allowed);
};

}  // namespace hlwq::runtime
