// A reference and any number of models on their way through a text, compared token by token.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "eval/distribution_error.h"
#include "eval/perplexity.h"
#include "eval/token_windows.h"
#include "eval/window_reader.h"
#include "runtime/engine.h"
#include "tensor/buffer.h"

namespace hlwq::eval {

// Holds the logits of a few tokens: those of the reference and of one model at a time, 32 MiB each
// or those of 16 tokens, so that models take turns in passes that are worth it. Tokens are compared
// by the threads of the engine. Borrows everything it is made from. One thread.
class SideBySide {
 public:
  // All vocabularies are of one size, and the tokens are of it.
  SideBySide(runtime::Engine& reference, std::span<runtime::Engine* const> models,
             std::span<const runtime::TokenId> tokens, const TextRunOptions& options);

  // Called for each scored token and model; for one model in the order of the tokens.
  using OnCompared = FunctionRef<void(size_t model, size_t token, const report::TokenError& error)>;

  // Takes all through a window, a sequence of its own. Throws Error{kNonFinite} naming the model
  // whose logits are not finite.
  void Compare(const TokenWindow& window, OnCompared on_compared);

  // Of each model, over all tokens so far.
  std::vector<double> MeanKls() const;

 private:
  // The logits of consecutive tokens.
  class HeldLogits {
   public:
    HeldLogits(size_t tokens, size_t vocabulary)
        : vocabulary_(vocabulary), logits_(tokens * vocabulary) {}

    // Replaces what is held by the next `count` tokens of the reader, of which `first` is one.
    void Read(WindowReader& reader, size_t first, size_t count);
    std::span<float> operator[](size_t index) noexcept {
      return logits_.span().subspan(index * vocabulary_, vocabulary_);
    }

   private:
    size_t vocabulary_;
    Buffer<float> logits_;  // [token, vocabulary]
  };

  // What is known of a token of the reference.
  struct Expected {
    Prediction prediction;
    double entropy = 0;
  };

  runtime::Engine& reference_;
  std::span<runtime::Engine* const> models_;
  std::span<const runtime::TokenId> tokens_;
  size_t held_tokens_;
  HeldLogits reference_logits_, logits_;
  std::vector<Expected> expected_;          // of the tokens held
  std::vector<report::TokenError> errors_;  // of one model
  WindowReader reference_reader_;
  std::deque<WindowReader> readers_;
  std::vector<double> kl_sums_;
  size_t compared_ = 0;  // tokens

  void ReadReference(size_t first, size_t count);
  void CompareModel(size_t model, size_t first, size_t count, OnCompared on_compared);
};

}  // namespace hlwq::eval
