// Sequences of answers that are over, kept for prompts that begin as they do.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <utility>

#include "runtime/kv_pages.h"
#include "runtime/sequence.h"

namespace hlwq::server {

// A sequence with what it holds, and how much of it prompts made.
struct HeldSequence {
  std::unique_ptr<runtime::Sequence> sequence;
  // The first tokens whose keys and values were made as those of a prompt, in long pieces: whoever reads
  // the same prompt anew gets the same bits.
  size_t prompt_tokens = 0;
};

// Prompts are cut at multiples of so many tokens, and more than model::kShortSegment are left at the end, so
// that the bits of a prompt do not depend on where it is cut (Engine::Step).
inline constexpr size_t kPieceStep = 32;

// How many tokens of `prompt` can be taken over from a sequence that holds `held`: what they have in common
// up to such a cut.
size_t ReusableTokens(std::span<const runtime::TokenId> held,
                      std::span<const runtime::TokenId> prompt) noexcept;
// The same without a cut, and with the same tokens left at the end.
size_t CommonTokens(std::span<const runtime::TokenId> held,
                    std::span<const runtime::TokenId> prompt) noexcept;

// One thread at a time.
class IdleSequences {
 public:
  // Keeps sequences of up to `most_bytes` in all: keys and values, which lie as `layout` says, pages that
  // several share counting for each, and recurrent states.
  IdleSequences(uint64_t most_bytes, runtime::KvLayout layout)
      : most_bytes_(most_bytes), layout_(std::move(layout)) {}

  // The one that could keep most for the prompt; null where none could keep any.
  const HeldSequence* BestFor(std::span<const runtime::TokenId> prompt) const noexcept;
  // Takes out that one, where all but an eighth of what it holds is in common: else it may be wanted again as it
  // is.
  HeldSequence TakeFor(std::span<const runtime::TokenId> prompt);
  // Tokens that the prompt has in common with any, whether they can be kept or not.
  size_t MostInCommon(std::span<const runtime::TokenId> prompt) const noexcept;
  // Puts one in; the least recently used go where there is no room.
  void Put(HeldSequence held);
  uint64_t bytes() const noexcept;
  uint64_t state_bytes() const noexcept;  // of these, recurrent states

 private:
  uint64_t most_bytes_;
  runtime::KvLayout layout_;
  std::list<HeldSequence> sequences_;  // the most recently used first
};

}  // namespace hlwq::server
