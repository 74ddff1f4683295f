// How the next token is chosen from logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "runtime/engine.h"

namespace hlwq::runtime {

struct LogitBias {
  TokenId token = 0;
  float bias = 0;  // added to the logit; -infinity forbids the token
};

// Of tokens among the last `window` ones of prompt and answer.
struct PenaltyOptions {
  static constexpr size_t kWholeContext = std::numeric_limits<size_t>::max();

  size_t window = 64;
  double repeat = 1;     // a positive logit is divided by it, another multiplied; 1: none
  double presence = 0;   // taken off once
  double frequency = 0;  // taken off for each time

  bool is_active() const noexcept {
    return window > 0 && (repeat != 1 || presence != 0 || frequency != 0);
  }
};

// The defaults are llama.cpp's.
struct SamplerOptions {
  double temperature = 0.8;  // 0: the token of the largest logit, whatever the filters say
  size_t top_k = 40;         // keep the likeliest; 0: all
  double top_p = 0.95;       // keep the likeliest that have this share together; 1: all
  double min_p = 0.05;       // keep those at least this likely relative to the likeliest; 0: all
  double typical_p = 1;      // keep those nearest to the expected surprise, of this share; 1: all
  PenaltyOptions penalties;
  std::vector<LogitBias> biases;
  uint64_t seed = 0;
};

// Throws Error{kInvalidArgument} naming the option that is out of range, or a biased token that is
// not below `vocabulary`.
void CheckSamplerOptions(const SamplerOptions& options, size_t vocabulary);

}  // namespace hlwq::runtime
