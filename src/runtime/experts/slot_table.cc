#include "runtime/experts/slot_table.h"

#include <utility>

namespace hlwq::runtime {

SlotTable::SlotTable(std::span<const Layer> layers, std::span<const size_t> slots_of_pool,
                     EvictionPolicy policy)
    : policy_(policy), layers_(layers.begin(), layers.end()) {
  size_t experts = 0;
  for (const Layer& layer : layers) {
    layer_begin_.push_back(experts);
    experts += layer.experts;
  }
  places_.assign(experts, kNone);
  uint32_t begin = 0;
  for (const size_t slots : slots_of_pool) {
    Pool pool{begin, begin + static_cast<uint32_t>(slots)};
    for (uint32_t slot = pool.end; slot > pool.begin; --slot) pool.free.push_back(slot - 1);
    begin = pool.end;
    pools_.push_back(std::move(pool));
  }
  slots_.resize(begin);
}

std::optional<uint32_t> SlotTable::Find(ExpertId id) const noexcept {
  const uint32_t slot = places_[layer_begin_[id.layer] + id.expert];
  return slot == kNone ? std::nullopt : std::optional(slot);
}

std::optional<uint32_t> SlotTable::Take(ExpertId id, Claim claim,
                                        const ExpertHistory& history) noexcept {
  Pool& pool = pools_[PoolOf(id.layer)];
  uint32_t taken = kNone;
  if (!pool.free.empty()) {
    taken = pool.free.back();
    pool.free.pop_back();
  } else if (pool.idle > 0) {
    EvictionRank first;
    for (uint32_t slot = pool.begin; slot < pool.end; ++slot) {
      if (slots_[slot].state != SlotState::kReady || slots_[slot].users > 0) continue;
      const EvictionRank rank = history.Rank(policy_, slots_[slot].expert);
      if (taken != kNone && !(rank < first)) continue;
      taken = slot;
      first = rank;
    }
    if (first.is_awaited && claim == Claim::kAhead) return std::nullopt;
    PlaceOf(slots_[taken].expert) = kNone;
    --pool.idle;
    ++evictions_;
  } else {
    return std::nullopt;
  }
  slots_[taken] = {.expert = id, .state = SlotState::kReading, .is_ahead = claim == Claim::kAhead};
  PlaceOf(id) = taken;
  return taken;
}

void SlotTable::AddUser(uint32_t slot) noexcept {
  slots_[slot].is_ahead = false;
  if (slots_[slot].users++ == 0 && slots_[slot].state == SlotState::kReady) --PoolWith(slot).idle;
}

void SlotTable::RemoveUser(uint32_t slot) noexcept {
  HLWQ_DASSERT(slots_[slot].users > 0);
  if (--slots_[slot].users > 0) return;
  if (slots_[slot].state == SlotState::kReady) ++PoolWith(slot).idle;
  if (slots_[slot].state == SlotState::kFailed) Free(slot);
}

void SlotTable::FinishRead(uint32_t slot) noexcept {
  slots_[slot].state = SlotState::kReady;
  if (slots_[slot].users == 0) ++PoolWith(slot).idle;
}

void SlotTable::FailRead(uint32_t slot, Error failure) noexcept {
  PlaceOf(slots_[slot].expert) = kNone;
  if (slots_[slot].users == 0) {
    Free(slot);
  } else {
    slots_[slot].state = SlotState::kFailed;
    slots_[slot].failure = std::move(failure);
  }
}

void SlotTable::Free(uint32_t slot) noexcept {
  PoolWith(slot).free.push_back(slot);
  slots_[slot] = {};
}

}  // namespace hlwq::runtime
