// A cache of keys and values together with the tokens that they are of.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "runtime/engine.h"
#include "runtime/kv_cache.h"

namespace hlwq::runtime {

// One caller at a time.
class Sequence {
 public:
  // Has room for options.capacity tokens, exactly.
  Sequence(const model::ModelConfig& config, const KvCacheOptions& options);

  std::span<const TokenId> tokens() const noexcept { return tokens_; }
  size_t capacity() const noexcept { return capacity_; }
  bool is_full() const noexcept { return tokens_.size() == capacity_; }

  // Told how many tokens of a prompt are done, after each pass; false stops there.
  using OnPrompt = FunctionRef<bool(size_t done)>;

  struct Filled {
    size_t reused_tokens = 0;  // were there already
    bool is_stopped = false;   // by the callback; the tokens so far stay
  };
  // Makes the sequence hold `prompt`: keeps what it has in common with it from the start, forgets
  // the rest, and feeds what is missing. Throws Error{kInvalidArgument} when the prompt is empty,
  // longer than capacity() or has a token outside the vocabulary; nothing is changed then.
  Filled Fill(Engine& engine, std::span<const TokenId> prompt, OnPrompt on_prompt);

  // The logits after the last token, once Fill was not stopped and until Append.
  std::span<const float> prompt_logits() const noexcept { return prompt_logits_; }

  // Feeds one token more, which there must be room for, and shows the logits after it.
  void Append(Engine& engine, TokenId token, FunctionRef<void(std::span<const float>)> on_logits);

  // Becomes equal to `other`, of the same model and options.
  void CopyFrom(const Sequence& other);

 private:
  KvCache kv_;
  size_t capacity_ = 0;
  std::vector<TokenId> tokens_;  // reserved for capacity_
  std::vector<float> prompt_logits_;
};

}  // namespace hlwq::runtime
