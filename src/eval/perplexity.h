// How well a model predicts a text.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/terminal_text.h"
#include "eval/sample_statistics.h"
#include "eval/token_windows.h"
#include "runtime/engine.h"

namespace hlwq::eval {

struct TextRunOptions {
  WindowOptions windows;
  DType cache_dtype = DType::kF32;
  TokenProgressCallback progress;  // may be empty
  // Asked after each window; when true, the figures are of the windows so far. May be empty.
  std::function<bool()> should_stop = {};
};

// What a run over a text was.
struct TextRun {
  WindowOptions options;
  size_t tokens = 0;  // of the text
  size_t windows = 0;
  size_t scored = 0;   // tokens
  size_t fed = 0;      // tokens that the model was given, context included
  double seconds = 0;  // of the windows alone

  // Another window was taken.
  void Add(const TokenWindow& window) noexcept {
    ++windows;
    scored += window.scored();
    fed += window.fed();
  }
  double TokensPerSecond() const noexcept {
    return seconds > 0 ? static_cast<double>(fed) / seconds : 0;
  }
};

struct PerplexityResult {
  TextRun run;
  Estimate nll;              // mean of -ln p(token), nats
  Estimate perplexity;       // e^nll
  std::vector<double> nlls;  // of every scored token, in the order of the text
};

// Runs `engine` over `tokens` in the windows of MakeTokenWindows, each a sequence of its own, from
// position 0. Throws as MakeTokenWindows; Error{kInvalidArgument} for a token outside the
// vocabulary; Error{kNonFinite} where the model's logits are not finite. Memory: a cache of one
// window, 8 bytes a token.
PerplexityResult MeasurePerplexity(runtime::Engine& engine,
                                   std::span<const runtime::TokenId> tokens,
                                   const TextRunOptions& options);

nlohmann::json TextRunToJson(const TextRun& run);
nlohmann::json PerplexityToJson(const PerplexityResult& result);
std::string PerplexityToText(const PerplexityResult& result, const TextLayout& layout);

}  // namespace hlwq::eval
