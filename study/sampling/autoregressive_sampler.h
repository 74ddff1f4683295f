// Samples of a model that predicts the next token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "study/sampling/predictor.h"
#include "study/sampling/token_drawer.h"

namespace hlwq::study {

struct AutoregressiveOptions {
  DrawOptions draw;
  size_t length = 0;           // tokens of a sequence, the prompt included
  std::optional<int32_t> end;  // ends a sequence; it is part of none
  uint64_t seed = 0;
};

// Goes on from each prompt, which may be empty, until `length` tokens are there or `end` comes up; what
// it returns begins with the prompt. Sequence i draws from SampleRandom(seed, first_sample + i): it is the
// same whatever stands beside it, as far as the model's logits are.
// Throws Error{kInvalidArgument} for a prompt that is longer than `length` or has a token outside the
// vocabulary, or a length beyond the window.
std::vector<std::vector<int32_t>> SampleAutoregressive(
    NextTokenModel& model, std::span<const std::vector<int32_t>> prompts,
    const AutoregressiveOptions& options, uint64_t first_sample = 0);

}  // namespace hlwq::study
