// A cache of keys and values together with the tokens that they are of.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "runtime/engine.h"
#include "runtime/sequence_state.h"

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
  // the rest, and feeds what is missing. A model with recurrent states can keep all it holds, or what
  // it held a little before the end of the last prompt, or nothing. Throws Error{kInvalidArgument}
  // when the prompt is empty, longer than capacity() or has a token that Model::CheckPrompt refuses:
  // nothing is changed then. Throws as Model::Forward otherwise, keeping the passes that Engine::Feed keeps.
  Filled Fill(Engine& engine, std::span<const TokenId> prompt, OnPrompt on_prompt);

  // The logits after the last token, once Fill was not stopped and until Append.
  std::span<const float> prompt_logits() const noexcept { return prompt_logits_; }

  // Feeds one token more, which there must be room for, and shows the logits after it. Throws as
  // Model::Forward.
  void Append(Engine& engine, TokenId token, FunctionRef<void(std::span<const float>)> on_logits);

  // Becomes equal to `other`, of the same model and options.
  void CopyFrom(const Sequence& other);

 private:
  SequenceState state_;
  size_t capacity_ = 0;
  std::vector<TokenId> tokens_;  // reserved for capacity_
  std::vector<float> prompt_logits_;

  // How many tokens of a prompt are in when the moment to go back to is noted; 0: never. Somewhat
  // before its end: the next prompt of a conversation often differs in the last few tokens, which
  // open the answer.
  size_t MomentOf(size_t prompt_tokens) const noexcept;
  void Feed(Engine& engine, std::span<const TokenId> tokens, model::LogitsOf logits_of,
            model::OnLogits on_logits);
};

}  // namespace hlwq::runtime
