// How well a model predicts a text.
#pragma once

#include <functional>
#include <span>

#include "base/progress.h"
#include "eval/token_windows.h"
#include "report/perplexity.h"
#include "runtime/engine.h"

namespace hlwq::eval {

struct TextRunOptions {
  WindowOptions windows;
  runtime::KvFormat kv_format = DType::kF32;
  // Of the reference, where one is compared with.
  runtime::KvFormat reference_kv_format = DType::kF32;
  TokenProgressCallback progress;  // may be empty
  // Asked after each window; when true, the figures are of the windows so far. May be empty.
  std::function<bool()> should_stop = {};
};

// Runs `engine` over `tokens` in the windows of MakeTokenWindows, each a sequence of its own, from
// position 0. Throws as MakeTokenWindows; Error{kInvalidArgument} for a token outside the
// vocabulary; Error{kNonFinite} where the model's logits are not finite. Memory: a cache of one
// window, 8 bytes a token.
report::PerplexityResult MeasurePerplexity(runtime::Engine& engine,
                                           std::span<const runtime::TokenId> tokens,
                                           const TextRunOptions& options);

}  // namespace hlwq::eval
