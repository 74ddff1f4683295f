#include "server/model_shelf.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "server/openai/fields.h"

namespace hlwq::server {

ModelShelf::ModelShelf(std::vector<std::string> names, size_t most_open, Open open)
    : most_open_(most_open), open_(std::move(open)) {
  for (std::string& name : names) slots_.push_back({.name = std::move(name)});
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

// Closes one, if so many are open.
void ModelShelf::MakeRoom() {
  const auto is_open = [](const Slot& slot) { return slot.model != nullptr; };
  if (static_cast<size_t>(std::ranges::count_if(slots_, is_open)) < most_open_) return;
  Slot* oldest = nullptr;
  for (Slot& slot : slots_) {
    // Whoever answers a request holds it.
    if (!slot.model || slot.model.use_count() > 1) continue;
    if (oldest == nullptr || slot.last_use < oldest->last_use) oldest = &slot;
  }
  if (oldest == nullptr) {
    throw BadRequest{
        fmt::format("all {} models that may be open at the same time are busy", most_open_),
        "model", "models_busy", 503};
  }
  oldest->model.reset();
}

std::shared_ptr<ServedModel> ModelShelf::Get(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Slot& slot = SlotOf(name);
  if (!slot.model) {
    MakeRoom();
    slot.model = open_(slot.name, slot.metrics);
  }
  slot.last_use = ++uses_;
  return slot.model;
}

std::vector<ModelShelf::Entry> ModelShelf::Entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  for (const Slot& slot : slots_) entries.push_back({slot.name, slot.model});
  return entries;
}

bool ModelShelf::IsIdle() const noexcept {
  return std::ranges::all_of(
      slots_, [](const Slot& slot) { return slot.metrics->waiting + slot.metrics->active == 0; });
}

std::string ModelShelf::RenderMetrics() const {
  std::vector<NamedMetrics> all;
  for (const Slot& slot : slots_)
    all.push_back({slots_.size() == 1 ? "" : slot.name, slot.metrics.get()});
  return Render(all);
}

void ModelShelf::FinishTraces() {
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) {
    if (slot.model) slot.model->FinishTrace();
  }
}

}  // namespace hlwq::server
