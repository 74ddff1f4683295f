// Penalties on tokens that were there lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/sampler_options.h"

namespace hlwq::runtime {

// The last tokens, counted. Allocates when made, and not afterwards.
class Penalties {
 public:
  Penalties(const PenaltyOptions& options, size_t vocabulary);

  bool is_active() const noexcept { return options_.is_active(); }
  // Counts a token below the vocabulary; the one that leaves the window is forgotten.
  void Add(TokenId token) noexcept;
  // Changes the logits of counted tokens.
  void Apply(std::span<float> logits) noexcept;

 private:
  struct Count {
    uint32_t times : 31 = 0;
    uint32_t is_listed : 1 = 0;
  };

  PenaltyOptions options_;
  std::vector<Count> counts_;    // [vocabulary]
  std::vector<TokenId> listed_;  // every token with a count, and some that have none left
  std::vector<TokenId> window_;  // a ring; empty when the window is the whole context
  size_t oldest_ = 0, filled_ = 0;
};

}  // namespace hlwq::runtime
