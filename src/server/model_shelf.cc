#include "server/model_shelf.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/number_text.h"
#include "server/openai/fields.h"

namespace hlwq::server {

ModelShelf::ModelShelf(std::vector<std::string> names, const ShelfLimits& limits, Open open,
                       Measure measure)
    : limits_(limits), open_(std::move(open)), measure_(std::move(measure)) {
  for (std::string& name : names) slots_.push_back({.name = std::move(name)});
}

// A model that ends may grow yet, and then looks at the others: they are all taken out first.
ModelShelf::~ModelShelf() {
  std::vector<std::shared_ptr<ServedModel>> models;
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) models.push_back(std::move(slot.model));
}

ModelShelf::Slot& ModelShelf::SlotOf(const std::string& name) {
  if (slots_.size() == 1 || name.empty()) return slots_.front();
  const auto found = std::ranges::find(slots_, name, &Slot::name);
  if (found != slots_.end()) return *found;
  std::vector<std::string> names;
  for (const Slot& slot : slots_) names.push_back(slot.name);
  throw BadRequest{
      fmt::format("there is no model '{}' (have: {})", name.substr(0, 100), fmt::join(names, ", ")),
      "model", "model_not_found", 404};
}

size_t ModelShelf::CountOpen() const noexcept {
  return static_cast<size_t>(
      std::ranges::count_if(slots_, [](const Slot& slot) { return slot.model != nullptr; }));
}

// Of all that are open, and notes it for each.
uint64_t ModelShelf::CountBytes() noexcept {
  uint64_t sum = 0;
  for (Slot& slot : slots_) {
    slot.metrics->memory_bytes = slot.model ? slot.model->memory_bytes() : 0;
    sum += slot.metrics->memory_bytes;
  }
  return sum;
}

// False: all others are busy or closed.
bool ModelShelf::CloseOldestBut(const Slot& kept) {
  Slot* oldest = nullptr;
  for (Slot& slot : slots_) {
    // Whoever answers a request holds it.
    if (&slot == &kept || !slot.model || slot.model.use_count() > 1) continue;
    if (oldest == nullptr || slot.last_use < oldest->last_use) oldest = &slot;
  }
  if (oldest == nullptr) return false;
  oldest->model.reset();
  ++closed_;
  return true;
}

void ModelShelf::MakeRoomFor(Slot& slot) {
  if (slots_.size() > 1 && slot.needed_bytes == 0) slot.needed_bytes = measure_(slot.name);
  const auto busy = [](std::string message) {
    return BadRequest{std::move(message), "model", "models_busy", 503};
  };
  while (const size_t open = CountOpen()) {
    const uint64_t bytes = CountBytes();
    const bool has_room =
        slot.needed_bytes <= limits_.most_bytes - std::min(limits_.most_bytes, bytes);
    if (open < limits_.most_open && has_room) return;
    if (CloseOldestBut(slot)) continue;
    if (open >= limits_.most_open) {
      throw busy(fmt::format("all {} models that may be open at the same time are busy",
                             limits_.most_open));
    }
    throw busy(fmt::format("'{}' needs about {} of memory, of {} those that are busy take {}",
                           slot.name, FormatBytes(slot.needed_bytes),
                           FormatBytes(limits_.most_bytes), FormatBytes(bytes)));
  }
}

void ModelShelf::OpenIn(Slot& slot) {
  MakeRoomFor(slot);
  slot.model = open_({slot.name, slot.metrics, [this, &slot] { OnGrowth(slot); }});
  slot.needed_bytes = slot.model->memory_bytes();
}

// Closes others for what is open, as far as they are idle.
void ModelShelf::KeepWithinMemory(const Slot& kept) {
  while (CountBytes() > limits_.most_bytes && CloseOldestBut(kept)) {
  }
}

// Of the thread of a model's engine, which whoever closes it waits for: so it waits for nobody. Whoever has
// the lock counts after it.
void ModelShelf::OnGrowth(const Slot& slot) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock && slot.model) KeepWithinMemory(slot);
}

std::shared_ptr<ServedModel> ModelShelf::Get(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Slot& slot = SlotOf(name);
  if (!slot.model) OpenIn(slot);
  slot.last_use = ++uses_;
  KeepWithinMemory(slot);
  return slot.model;
}

std::vector<ModelShelf::Entry> ModelShelf::Entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  for (const Slot& slot : slots_) entries.push_back({slot.name, slot.model});
  return entries;
}

std::string ModelShelf::RenderMetrics() const {
  std::vector<NamedMetrics> all;
  for (const Slot& slot : slots_)
    all.push_back({slots_.size() == 1 ? "" : slot.name, slot.metrics.get()});
  uint64_t bytes = 0;
  for (const Slot& slot : slots_) bytes += slot.metrics->memory_bytes;
  return Render(all) +
         RenderNumber("models_memory_bytes", "What all open models take.", "gauge", bytes) +
         RenderNumber("models_closed_total", "Models closed for others.", "counter", closed_);
}

void ModelShelf::FinishTraces() {
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) {
    if (slot.model) slot.model->FinishTrace();
  }
}

}  // namespace hlwq::server
