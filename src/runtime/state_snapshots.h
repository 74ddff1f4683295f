// Recurrent states of earlier moments, for all sequences of an engine, under a byte budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/recurrent_state.h"

namespace hlwq::runtime {

using SnapshotId = uint64_t;  // never used again for another

// A snapshot belongs to as many sequences as hold a reference. When the budget is full, the one that
// was not used for the longest time is given up; who holds it finds it gone. One thread at a time.
class StateSnapshots {
 public:
  // Room for as many states as `most_bytes` hold, and for one at least.
  StateSnapshots(const model::ModelConfig& config, uint64_t most_bytes);

  // Keeps a copy, with one reference. Allocates until the budget is full.
  SnapshotId Keep(const model::RecurrentState& state);
  void Share(SnapshotId id) noexcept;
  void Drop(SnapshotId id) noexcept;
  // nullptr where it was given up; else this counts as a use of it.
  const model::RecurrentState* Find(SnapshotId id) noexcept;

  // Whether it is still there; no use of it.
  bool Has(SnapshotId id) const noexcept;
  size_t count() const noexcept;  // that somebody holds
  // Of all that were ever kept at the same time: memory is kept for others.
  uint64_t bytes() const noexcept;

 private:
  struct Slot {
    SnapshotId id = 0;  // 0: free
    uint32_t references = 0;
    uint64_t last_use = 0;
    model::RecurrentState state;
  };
  size_t most_ = 1;
  std::vector<Slot> slots_;
  SnapshotId next_id_ = 1;
  uint64_t uses_ = 0;

  Slot* SlotOf(SnapshotId id) noexcept;
  Slot& SlotForNew(const model::RecurrentState& state);
};

}  // namespace hlwq::runtime
