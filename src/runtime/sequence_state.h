// What a model remembers of one sequence: the keys and values of its attention, and the states of
// its gated delta nets.
#pragma once

#include <cstddef>
#include <optional>
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
  void Advance(size_t tokens) noexcept { kv_.Advance(tokens); }

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

 private:
  struct Moment {
    size_t length = 0;
    SnapshotId snapshot = 0;
    std::optional<PageId> tail;  // KvCache::ShareTail
  };

  KvPools* pools_ = nullptr;
  KvCache kv_;
  model::RecurrentState recurrent_;
  StateSnapshots* snapshots_ = nullptr;
  std::vector<Moment> moments_;   // ascending in length; some may have been given up
  model::RecurrentState marked_;  // of Mark; empty before the first one
  std::optional<size_t> mark_;    // its length

  void Drop(const Moment& moment) noexcept;
  void DropMomentsAfter(size_t length) noexcept;
};

}  // namespace hlwq::runtime
