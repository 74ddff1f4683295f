// Text for calibration that the model writes itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/progress.h"
#include "runtime/engine.h"

namespace hlwq::calibrate {

// Sequences of token ids, each seen by the model from its beginning.
using TokenSequences = std::vector<std::vector<runtime::TokenId>>;

struct SelfTextOptions {
  size_t tokens = 0;           // in all, rounded up to whole sequences
  size_t sequence_tokens = 0;  // of each
  uint64_t seed = 1;
  // What sequences begin with, in turn; empty ones begin with a random token of the vocabulary.
  TokenSequences starts;
  TokenProgressCallback progress;
};

// Sampled from the model's own distribution: temperature 1, no filters, no end. The same for the same
// seed and any number of threads. Throws as Engine::Step.
TokenSequences WriteSelfText(runtime::Engine& engine, const SelfTextOptions& options);

}  // namespace hlwq::calibrate
