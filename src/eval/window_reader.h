// Takes a model through the windows of a text.
#pragma once

#include <span>

#include "base/function_ref.h"
#include "base/stopwatch.h"
#include "eval/perplexity.h"
#include "eval/token_windows.h"
#include "report/text_run.h"
#include "runtime/engine.h"
#include "runtime/sequence_state.h"

namespace hlwq::eval {

// Called with the index of a token in the text and the logits that predict it.
using OnScored = FunctionRef<void(size_t token, std::span<const float> logits)>;

// Borrows the engine and the tokens. One thread.
class WindowReader {
 public:
  // The cache has room for the largest window.
  WindowReader(runtime::Engine& engine, std::span<const runtime::TokenId> tokens,
               const WindowOptions& windows, const runtime::KvFormat& format);

  // Forgets the window before, and reads what stands before the scored tokens of this one.
  void Begin(const TokenWindow& window);
  // Goes on with the next `count` scored tokens of the window.
  void Score(size_t count, OnScored on_scored);

 private:
  runtime::Engine& engine_;
  std::span<const runtime::TokenId> tokens_;
  runtime::SequenceState cache_;
  size_t next_ = 0;  // the token to be scored next
};

// The record of a run through a text of `tokens` tokens that has not begun.
report::TextRun StartRun(size_t tokens, const TextRunOptions& options) noexcept;
// Another window was taken.
void AddWindow(const TokenWindow& window, report::TextRun& run) noexcept;

// Throws Error{kNonFinite} naming the model when `value`, computed from the logits for `token`, is
// not finite.
void RequireFinite(const runtime::Engine& engine, size_t token, double value);

}  // namespace hlwq::eval
