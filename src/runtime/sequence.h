// What a model remembers of a sequence together with its tokens: those that it holds, and those that
// are to come.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/engine.h"
#include "runtime/sequence_state.h"

namespace hlwq::runtime {

// One caller at a time with its engine, which outlives it.
//
//   sequence.Want(prompt);
//   while (!sequence.pending().empty()) {
//     engine.Step(std::array{sequence.Next(engine.chunk_tokens())}, ..);
//   }
class Sequence {
 public:
  // Has room for options.capacity tokens, exactly. Throws as Engine::MakeState.
  Sequence(Engine& engine, const KvCacheOptions& options);

  // The tokens that it holds, and those after them that a pass is still to take.
  std::span<const TokenId> tokens() const noexcept {
    return std::span(tokens_).first(state_.length());
  }
  std::span<const TokenId> pending() const noexcept {
    return std::span(tokens_).subspan(state_.length());
  }
  size_t capacity() const noexcept { return capacity_; }
  const KvFormat& format() const noexcept { return format_; }  // of keys and values
  // SequenceState::state_bytes.
  uint64_t state_bytes() const noexcept { return state_.state_bytes(); }
  // Whether there is no room for a token more after the pending ones.
  bool is_full() const noexcept { return tokens_.size() == capacity_; }

  // From now on `prompt` is what it holds or has pending: keeps what it has in common with it from the
  // start, forgets the rest, and returns how many tokens are kept. The last token is pending in any
  // case, as its logits are wanted, unless it has them. A model with recurrent states can keep all it
  // holds, or what it held somewhat before the end of an earlier prompt, or nothing. Throws
  // Error{kInvalidArgument} when the prompt is empty, longer than capacity() or has a token that
  // Model::CheckPrompt refuses: nothing is changed then.
  size_t Want(std::span<const TokenId> prompt);
  // How much of its first `length` tokens it would keep for a prompt that goes on otherwise.
  size_t CouldKeep(size_t length) const noexcept { return state_.LengthAfterRewind(length); }
  // Has the state noted on the way to the end of the prompt that is wanted, at `length` tokens or up to 31 before,
  // for prompts that have only so much in common with it. Changes no bits. No effect on models without states.
  void NoteAt(size_t length);
  // Whether Want notes more moments than the last one: at about 64, 256, 1024, .. tokens before the end of the prompt, so
  // that another which differs from it only there is read from not much further back.
  void NoteSeveral(bool notes_several) noexcept { notes_several_ = notes_several; }
  // One token more that is pending. @pre !is_full()
  void Append(TokenId token);
  // The next piece of what is pending, at most `most_tokens` tokens, for Engine::Step; the logits after
  // the last pending token are asked for. Without tokens when nothing is pending.
  Work Next(size_t most_tokens);

  // The same with tokens that may follow: all that is pending, then `draft`; the logits after each are asked
  // for. What proves wrong is to be cut. @pre there is room for them
  Work NextWith(std::span<const TokenId> draft);
  // Forgets what is after the first `length` tokens, held or pending. A model with recurrent states goes back
  // further, to before the last draft, and has what is left of it pending again.
  void Cut(size_t length) noexcept;

  // Notes the logits after the last token that it holds, so that the same prompt need not be fed again.
  void KeepLogits(std::span<const float> logits) { logits_.assign(logits.begin(), logits.end()); }
  // Those that were noted; empty once other tokens follow.
  std::span<const float> logits() const noexcept { return logits_; }

  // Becomes equal to `other`, of the same engine, type and capacity. Shares its pages.
  void ForkFrom(const Sequence& other);

  // For files (sequence_file.h).
  const SequenceState& state() const noexcept { return state_; }
  SequenceState& state() noexcept { return state_; }
  // Forgets all.
  void Clear() noexcept;
  // These are the tokens that state() was filled with, and the logits after the last of them; empty: unknown.
  void Adopt(std::span<const TokenId> tokens, std::span<const float> logits);

 private:
  const model::Model* model_ = nullptr;
  SequenceState state_;
  KvFormat format_;
  size_t capacity_ = 0;
  std::vector<TokenId> tokens_;  // held and pending; reserved for capacity_
  std::vector<float> logits_;
  bool notes_several_ = false;
  std::vector<size_t> to_note_;  // lengths at which the state is to be noted, ascending
};

}  // namespace hlwq::runtime
