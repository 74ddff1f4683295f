// Which expert is in which slot of the cache, and which slot takes the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "runtime/experts/eviction.h"

namespace hlwq::runtime {

enum class SlotState : uint8_t {
  kFree,
  kReading,  // on its way; cannot be stopped
  kReady,
  kFailed,  // holds the failure until its users have seen it
};

struct Slot {
  ExpertId expert;
  SlotState state = SlotState::kFree;
  bool is_ahead = false;  // read before it was wanted, and without a user since
  uint32_t users = 0;     // requests that wait for it or work with it: it stays
  std::optional<Error> failure;
};

// Why an expert is read.
enum class Claim : uint8_t {
  kDemand,  // a request wants it
  kAhead,   // one is likely to
};

// Slots lie in pools, of which each layer uses one. Thread: not safe.
class SlotTable {
 public:
  struct Layer {
    size_t pool = 0;
    size_t experts = 0;
  };
  SlotTable(std::span<const Layer> layers, std::span<const size_t> slots_of_pool,
            EvictionPolicy policy);

  size_t PoolOf(size_t layer) const noexcept { return layers_[layer].pool; }
  size_t pools() const noexcept { return pools_.size(); }
  size_t slots() const noexcept { return slots_.size(); }
  size_t slots(size_t pool) const noexcept { return pools_[pool].end - pools_[pool].begin; }
  const Slot& operator[](uint32_t slot) const noexcept { return slots_[slot]; }

  // The slot that holds the expert or is being filled with it.
  std::optional<uint32_t> Find(ExpertId id) const noexcept;
  // A slot, now being filled with the expert, which has none: a free one, or that of the resident
  // without users that goes first. What is read ahead never takes the place of what is awaited.
  // Empty when there is none. Cost: a look at each slot of the pool.
  std::optional<uint32_t> Take(ExpertId id, Claim claim, const ExpertHistory& history) noexcept;
  void AddUser(uint32_t slot) noexcept;
  void RemoveUser(uint32_t slot) noexcept;
  // What was being filled is ready, or is not to be had: nobody finds it then.
  void FinishRead(uint32_t slot) noexcept;
  void FailRead(uint32_t slot, Error failure) noexcept;

  uint64_t evictions() const noexcept { return evictions_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Pool {
    uint32_t begin = 0, end = 0;
    size_t idle = 0;             // ready and without users
    std::vector<uint32_t> free;  // the lowest last
  };

  Pool& PoolWith(uint32_t slot) noexcept { return pools_[PoolOf(slots_[slot].expert.layer)]; }
  uint32_t& PlaceOf(ExpertId id) noexcept { return places_[layer_begin_[id.layer] + id.expert]; }
  void Free(uint32_t slot) noexcept;

  EvictionPolicy policy_;
  std::vector<Layer> layers_;
  std::vector<size_t> layer_begin_;
  std::vector<uint32_t> places_;  // slot of [layer, expert], or kNone
  std::vector<Pool> pools_;
  std::vector<Slot> slots_;
  uint64_t evictions_ = 0;
};

}  // namespace hlwq::runtime
