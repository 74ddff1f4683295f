#include "runtime/experts/expert_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

using model::ExpertRequest;
using model::ReadyExpert;

// ExpertRequest::states.
enum State : uint8_t {
  kWanted,  // no slot yet
  kHeld,    // a user of its slot, which may still be filled
  kGiven,   // to the caller
  kOver,
};

// More reads ahead at a time would only keep the device from what is wanted meanwhile.
constexpr size_t kMaxBytesAhead = size_t{8} << 20;

// The slots of each pool: one pool a layer, or one for all.
std::vector<size_t> SlotsOfPools(const ExpertLayout& layout, const ExpertCacheOptions& options) {
  if (layout.total_experts() == 0) {
    throw Error(ErrorCode::kInvalidArgument, "the model has no experts to cache");
  }
  if (const auto* pool = std::get_if<PoolBytes>(&options.size)) {
    if (pool->bytes < layout.slot_bytes()) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("want at least {} bytes of expert cache, the size of one expert, got {}",
                      layout.slot_bytes(), pool->bytes));
    }
    return {std::min<uint64_t>(pool->bytes / layout.slot_bytes(), layout.total_experts())};
  }
  const size_t slots = std::get<SlotsPerLayer>(options.size).slots;
  if (slots == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "want at least 1 slot of expert cache for each layer, got 0");
  }
  std::vector<size_t> slots_of_pool;
  for (size_t layer = 0; layer < layout.layers(); ++layer) {
    slots_of_pool.push_back(std::min(slots, layout.experts(layer)));
  }
  return slots_of_pool;
}

SlotTable MakeTable(const ExpertLayout& layout, const ExpertCacheOptions& options) {
  const std::vector<size_t> slots_of_pool = SlotsOfPools(layout, options);
  const bool is_per_layer = std::holds_alternative<SlotsPerLayer>(options.size);
  std::vector<SlotTable::Layer> layers;
  for (size_t layer = 0; layer < layout.layers(); ++layer) {
    layers.push_back({.pool = is_per_layer ? layer : 0, .experts = layout.experts(layer)});
  }
  return SlotTable(layers, slots_of_pool, options.policy);
}

}  // namespace

ExpertCache::ExpertCache(std::span<const std::vector<model::ExpertMatrices>> experts,
                         std::span<const File> files, ExpertLayout::RangeOf range_of,
                         const ExpertCacheOptions& options)
    : layout_(experts, range_of),
      policy_(options.policy),
      has_prefetch_(options.has_prefetch),
      table_(MakeTable(layout_, options)),
      memory_(table_.slots() * layout_.slot_bytes()),
      history_(layout_.layers(), layout_.max_experts()),
      waiting_(table_.pools()),
      reader_(files, options.reader) {}

ExpertCache::~ExpertCache() {
  const std::lock_guard lock(mutex_);
  predicted_.clear();  // the reads under way begin no others
}

void ExpertCache::Begin(ExpertRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto layer = static_cast<uint32_t>(request.layer);
  request.ready.clear();
  request.slots.assign(request.experts.size(), 0);
  request.states.assign(request.experts.size(), kWanted);
  request.left = request.experts.size();
  history_.BeginUse(layer);
  for (const uint32_t expert : request.experts) history_.Touch({layer, expert});
  // What it does not want now was predicted wrongly.
  std::erase_if(predicted_, [&](ExpertId id) { return id.layer == layer; });
  const size_t pool = table_.PoolOf(layer);
  waiting_[pool].push_back(&request);
  Serve(pool);
}

std::span<const ReadyExpert> ExpertCache::Next(ExpertRequest& request) {
  std::unique_lock lock(mutex_);
  GiveBack(request);
  if (request.left == 0 || Collect(request)) return request.ready;
  const auto begin = std::chrono::steady_clock::now();
  changed_.wait(lock, [&] { return Collect(request); });
  statistics_.seconds_waited +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return request.ready;
}

void ExpertCache::End(ExpertRequest& request) noexcept {
  const std::lock_guard lock(mutex_);
  for (size_t index = 0; index < request.states.size(); ++index) {
    const State state = static_cast<State>(request.states[index]);
    if (state == kHeld || state == kGiven) table_.RemoveUser(request.slots[index]);
    request.states[index] = kOver;
  }
  request.ready.clear();
  request.left = 0;
  const size_t pool = table_.PoolOf(request.layer);
  std::erase(waiting_[pool], &request);
  Serve(pool);
}

void ExpertCache::Prefetch(size_t layer, std::span<const uint32_t> experts) noexcept {
  if (!has_prefetch_) return;
  const std::lock_guard lock(mutex_);
  predicted_.clear();
  for (const uint32_t expert : experts) {
    const ExpertId id{static_cast<uint32_t>(layer), expert};
    history_.Foresee(id);
    predicted_.push_back(id);
  }
  std::ranges::reverse(predicted_);
  ReadAhead();
}

ExpertCacheStatistics ExpertCache::statistics() const {
  const std::lock_guard lock(mutex_);
  ExpertCacheStatistics statistics = statistics_;
  statistics.evictions = table_.evictions() - old_evictions_;
  return statistics;
}

void ExpertCache::ResetStatistics() {
  const std::lock_guard lock(mutex_);
  statistics_ = {};
  old_evictions_ = table_.evictions();
}

// Gives out slots of a pool in the order of the requests.
void ExpertCache::Serve(size_t pool) noexcept {
  std::vector<ExpertRequest*>& waiting = waiting_[pool];
  for (auto next = waiting.begin(); next != waiting.end();) {
    const Outlook outlook = ServeOne(**next);
    if (outlook.wanted == 0) {
      next = waiting.erase(next);
    } else if (outlook.held == 0) {
      break;  // it can go on only when no other gets in before it
    } else {
      ++next;
    }
  }
  ReadAhead();
}

ExpertCache::Outlook ExpertCache::ServeOne(ExpertRequest& request) noexcept {
  const auto id_of = [&](size_t index) {
    return ExpertId{static_cast<uint32_t>(request.layer), request.experts[index]};
  };
  const auto hold = [&](size_t index, uint32_t slot) {
    table_.AddUser(slot);
    request.slots[index] = slot;
    request.states[index] = kHeld;
  };
  Outlook outlook;
  bool has_news = false;
  for (size_t index = 0; index < request.states.size(); ++index) {
    if (request.states[index] == kWanted) {
      if (const std::optional<uint32_t> slot = table_.Find(id_of(index))) {
        ++statistics_.hits;
        if (table_[*slot].is_ahead) ++statistics_.prefetched_and_used;
        hold(index, *slot);
        has_news = true;
      }
    }
    const auto state = static_cast<State>(request.states[index]);
    if (state == kWanted) ++outlook.wanted;
    if (state == kHeld || state == kGiven) ++outlook.held;
  }
  for (size_t index = 0; index < request.states.size() && outlook.wanted > 0; ++index) {
    if (request.states[index] != kWanted) continue;
    const std::optional<uint32_t> slot = table_.Take(id_of(index), Claim::kDemand, history_);
    if (!slot) break;
    ++statistics_.misses;
    hold(index, *slot);
    StartRead(*slot, Claim::kDemand);
    --outlook.wanted;
    ++outlook.held;
  }
  if (has_news) changed_.notify_all();
  return outlook;
}

void ExpertCache::GiveBack(ExpertRequest& request) noexcept {
  if (request.ready.empty()) return;
  for (const ReadyExpert& ready : request.ready) {
    table_.RemoveUser(request.slots[ready.index]);
    request.states[ready.index] = kOver;
  }
  request.ready.clear();
  Serve(table_.PoolOf(request.layer));
}

// Gives what is ready; not all at a time when others wait for the slots, so that they are read
// while these are worked with. Throws the failure of a read.
bool ExpertCache::Collect(ExpertRequest& request) {
  size_t room = request.states.size();
  if (std::ranges::count(request.states, kWanted) > 0) {
    room = std::max<size_t>(1, table_.slots(table_.PoolOf(request.layer)) / 2);
  }
  for (size_t index = 0; index < request.states.size() && request.ready.size() < room; ++index) {
    if (request.states[index] != kHeld) continue;
    const uint32_t slot = request.slots[index];
    if (table_[slot].state == SlotState::kFailed) throw Error(*table_[slot].failure);
    if (table_[slot].state != SlotState::kReady) continue;
    request.ready.push_back({index, layout_.In(table_[slot].expert, MemoryOf(slot))});
    request.states[index] = kGiven;
    --request.left;
  }
  return !request.ready.empty();
}

// Begins reads of what is predicted, where no request waits for the slot.
void ExpertCache::ReadAhead() noexcept {
  const size_t max_reads = std::max<size_t>(1, kMaxBytesAhead / layout_.slot_bytes());
  while (!predicted_.empty() && reads_ahead_ < max_reads) {
    const ExpertId id = predicted_.back();
    if (!waiting_[table_.PoolOf(id.layer)].empty()) return;
    predicted_.pop_back();
    if (table_.Find(id)) continue;
    const std::optional<uint32_t> slot = table_.Take(id, Claim::kAhead, history_);
    if (!slot) {
      predicted_.clear();
      return;
    }
    ++statistics_.prefetched;
    ++reads_ahead_;
    StartRead(*slot, Claim::kAhead);
  }
}

void ExpertCache::StartRead(uint32_t slot, Claim claim) noexcept {
  layout_.ReadsOf(table_[slot].expert, MemoryOf(slot), stretches_);
  reader_.Submit(stretches_, [this, slot, claim](std::optional<Error> failure) {
    OnRead(slot, claim, std::move(failure));
  });
}

void ExpertCache::OnRead(uint32_t slot, Claim claim, std::optional<Error> failure) noexcept {
  const std::lock_guard lock(mutex_);
  if (claim == Claim::kAhead) --reads_ahead_;
  const size_t pool = table_.PoolOf(table_[slot].expert.layer);
  if (failure) {
    table_.FailRead(slot, std::move(*failure));
  } else {
    statistics_.bytes_read += layout_.ReadBytes(table_[slot].expert);
    table_.FinishRead(slot);
  }
  Serve(pool);
  changed_.notify_all();
}

}  // namespace hlwq::runtime
