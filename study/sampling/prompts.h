// What samplers want of the tokens that they are to go on from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hlwq::study {

struct PromptLimits {
  size_t length = 0;  // of a sequence
  size_t window = 0;  // of the model
  size_t vocabulary = 0;
};

// Throws Error{kInvalidArgument} where a prompt is longer than `length` or has a token outside of
// the vocabulary, or `length` exceeds the window.
void CheckPrompts(std::span<const std::vector<int32_t>> prompts, const PromptLimits& limits);

}  // namespace hlwq::study
