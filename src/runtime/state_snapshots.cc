#include "runtime/state_snapshots.h"

#include <algorithm>

namespace hlwq::runtime {

StateSnapshots::StateSnapshots(const model::ModelConfig& config, uint64_t most_bytes)
    : most_(std::max<uint64_t>(
          most_bytes / std::max<uint64_t>(model::RecurrentState::Bytes(config), 1), 1)) {}

StateSnapshots::Slot* StateSnapshots::SlotOf(SnapshotId id) noexcept {
  const auto found = std::ranges::find(slots_, id, &Slot::id);
  return found == slots_.end() ? nullptr : &*found;
}

StateSnapshots::Slot& StateSnapshots::SlotForNew(const model::RecurrentState& state) {
  Slot* slot = SlotOf(0);
  if (slot == nullptr && slots_.size() < most_) {
    slots_.push_back({.state = state.Copy()});
    return slots_.back();
  }
  if (slot == nullptr) slot = &*std::ranges::min_element(slots_, {}, &Slot::last_use);
  slot->state.CopyFrom(state);
  return *slot;
}

SnapshotId StateSnapshots::Keep(const model::RecurrentState& state) {
  Slot& slot = SlotForNew(state);
  slot.id = next_id_++;
  slot.references = 1;
  slot.last_use = ++uses_;
  return slot.id;
}

void StateSnapshots::Share(SnapshotId id) noexcept {
  if (Slot* slot = SlotOf(id)) ++slot->references;
}

void StateSnapshots::Drop(SnapshotId id) noexcept {
  Slot* slot = SlotOf(id);
  if (slot != nullptr && --slot->references == 0) slot->id = 0;
}

const model::RecurrentState* StateSnapshots::Find(SnapshotId id) noexcept {
  Slot* slot = SlotOf(id);
  if (slot == nullptr) return nullptr;
  slot->last_use = ++uses_;
  return &slot->state;
}

bool StateSnapshots::Has(SnapshotId id) const noexcept {
  return std::ranges::find(slots_, id, &Slot::id) != slots_.end();
}

size_t StateSnapshots::count() const noexcept {
  return slots_.size() - static_cast<size_t>(std::ranges::count(slots_, 0u, &Slot::id));
}

uint64_t StateSnapshots::bytes() const noexcept {
  return slots_.empty() ? 0 : slots_.size() * slots_.front().state.bytes();
}

}  // namespace hlwq::runtime
