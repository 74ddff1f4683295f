// Samples of a model that predicts tokens under masks: masked diffusion, run backwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "study/config/config.h"
#include "study/sampling/predictor.h"
#include "study/sampling/token_drawer.h"

namespace hlwq::study {

enum class UnmaskOrder : uint8_t {
  kAncestral,   // each masked place with the same probability, that of the reversed process
  kConfidence,  // the places first whose drawn tokens are likeliest (MaskGIT, arXiv:2202.04200)
};

struct MaskedOptions {
  DrawOptions draw;
  size_t length = 0;  // tokens of a sequence, the prompt included
  size_t steps = 0;   // from all masked to none, for each sequence
  UnmaskOrder order = UnmaskOrder::kAncestral;
  // Tokens that are unmasked together, block after block from left to right, each in its share of the
  // steps (at least one); 0: all.
  size_t block_tokens = 0;
  NoiseSchedule schedule = NoiseSchedule::kLinear;
  uint64_t seed = 0;
};

// Begins with the prompts, which may be empty, and masks behind them. Step i of n goes from time t = 1 -
// (i - 1) / n to s = 1 - i / n: a masked place gets a token, drawn from the model's prediction, with probability
// 1 - share(s) / share(t) (Sahoo et al. 2024, arXiv:2406.07524, eq. 7). In the order of confidence as many
// places get theirs as would on average, rounded.
// The model is asked only for sequences of which a place is unmasked in a step: a sequence costs at most
// as many passes as it has masked tokens, however many steps there are, and this changes nothing.
// In blocks the model is told the time at which so much of the whole would be masked.
// Sequences are of `length` tokens; sequence i draws from SampleRandom(seed, first_sample + i).
// Throws as SampleAutoregressive, and Error{kInvalidArgument} for no steps.
std::vector<std::vector<int32_t>> SampleMasked(MaskedTokenModel& model,
                                               std::span<const std::vector<int32_t>> prompts,
                                               const MaskedOptions& options,
                                               uint64_t first_sample = 0);

}  // namespace hlwq::study
