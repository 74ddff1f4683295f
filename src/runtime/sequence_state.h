// What a model remembers of one sequence: the keys and values of its attention, and the states of
// its gated delta nets.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "model/layer.h"
#include "model/recurrent_state.h"
#include "runtime/kv_cache.h"
#include "runtime/state_snapshots.h"

namespace hlwq::runtime {

// Keys and values can be cut back to any earlier token, states cannot: models that have states go back
// to moments that were noted. Borrows the pools and the snapshots, which outlive it (Engine::MakeState
// hands it those of an engine). One caller at a time with all that share them.
class SequenceState {
 public:
  // Throws as KvCache.
  SequenceState(const model::ModelConfig& config, KvPools& pools, StateSnapshots& snapshots,
                size_t capacity);
  SequenceState(SequenceState&&) noexcept = default;
  SequenceState& operator=(SequenceState&&) = delete;
  ~SequenceState();

  size_t length() const noexcept { return kv_.length(); }
  size_t capacity() const noexcept { return kv_.capacity(); }
  // Whether going back needs Remember.
  bool is_recurrent() const noexcept { return !recurrent_.is_empty(); }
  // Of its recurrent states, but those of noted moments.
  uint64_t state_bytes() const noexcept { return recurrent_.bytes() + marked_.bytes(); }

  // The next `tokens` tokens, for a pass that has no others. Once it is done, Advance. Throws as
  // KvCache::Prepare.
  model::Segment Next(size_t tokens);
  void Advance(size_t tokens) noexcept;

  void Clear() noexcept;
  // Goes back to at most `length` tokens, as many as it can, and returns how many they are.
  size_t Rewind(size_t length) noexcept;
  // What Rewind would return.
  size_t LengthAfterRewind(size_t length) const noexcept;
  // Notes this moment for Rewind. No effect on models without states. Allocates as
  // StateSnapshots::Keep.
  void Remember();
  // The same for the near future, and this sequence alone: in a copy of its own, until the next one. Cost: of
  // models with states, to copy them.
  void Mark();
  // Holds what `other`, of the same pools and snapshots, holds: shares its pages and its moments. Throws
  // as KvCache::ForkFrom.
  void ForkFrom(const SequenceState& other);

  // Of the tokens that it holds, so many first ones have the bits that they have in any prompt which begins with them
  // and is read in long pieces from its start (Engine::Step).
  size_t prompt_tokens() const noexcept { return prompt_tokens_; }

  // For files (sequence_file.h): what it is made of.
  const KvCache& kv() const noexcept { return kv_; }
  const model::RecurrentState& recurrent() const noexcept { return recurrent_; }
  struct Noted {
    size_t length = 0;
    const model::RecurrentState* state = nullptr;  // until another is noted
    std::span<const std::byte> tail;               // a page of floats; empty: none
  };
  // The moments that Rewind could go back to, ascending.
  std::vector<Noted> noted() const;
  // And of one that holds nothing: to be filled with what a file has, then Adopt. Moments come in ascending order;
  // the bytes of the tail are the caller's to fill. Throws as Keep and KvPagePool::Take.
  KvCache& kv() noexcept { return kv_; }
  model::RecurrentState& recurrent() noexcept { return recurrent_; }
  std::span<std::byte> AddMoment(size_t length, const model::RecurrentState& state, bool has_tail);
  void Adopt(size_t length, size_t prompt_tokens);

 private:
  struct Moment {
    size_t length = 0;
    SnapshotId snapshot = 0;
    std::optional<PageId> tail;  // KvCache::ShareTail
  };

  KvPools* pools_ = nullptr;
  size_t most_plain_tokens_ = 0;  // beyond, dynamic scaling looks at the length of a piece
  size_t prompt_tokens_ = 0;
  KvCache kv_;
  model::RecurrentState recurrent_;
  StateSnapshots* snapshots_ = nullptr;
  std::vector<Moment> moments_;   // ascending in length; some may have been given up
  model::RecurrentState marked_;  // of Mark; empty before the first one
  std::optional<size_t> mark_;    // its length

  size_t Cut(size_t length) noexcept;  // Rewind, but for prompt_tokens_
  void Drop(const Moment& moment) noexcept;
  void DropMomentsAfter(size_t length) noexcept;
};

}  // namespace hlwq::runtime
