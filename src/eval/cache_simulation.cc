#include "eval/cache_simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/parallel.h"

namespace hlwq::eval {
namespace {

using runtime::EvictionPolicy;
using runtime::ExpertHistory;
using runtime::ExpertId;

// Orders experts by the run-time cache's own rule.
class PolicyOrder {
 public:
  PolicyOrder(const ExpertTrace& trace, EvictionPolicy policy)
      : history_(trace.layers, trace.experts), policy_(policy) {}

  void Begin(size_t, const ExpertRequest& request) { history_.BeginUse(request.layer); }
  void Touch(size_t, ExpertId id) { history_.Touch(id); }
  bool GoesFirst(ExpertId a, ExpertId b) const { return history_.GoesFirst(policy_, a, b); }

 private:
  ExpertHistory history_;
  EvictionPolicy policy_;
};

// Orders experts by their next use, the farthest first.
class FutureOrder {
 public:
  explicit FutureOrder(const ExpertTrace& trace)
      : experts_(trace.experts),
        next_of_use_(trace.ids.size()),
        next_(size_t{trace.layers} * trace.experts, kNever) {
    for (size_t at = trace.requests.size(); at-- > 0;) {
      const ExpertRequest& request = trace.requests[at];
      for (size_t use = request.first; use < request.first + request.count; ++use) {
        size_t& next = next_[size_t{request.layer} * experts_ + trace.ids[use]];
        next_of_use_[use] = next;
        next = at;
      }
    }
  }

  void Begin(size_t, const ExpertRequest&) {}
  void Touch(size_t use, ExpertId id) { Next(id) = next_of_use_[use]; }
  bool GoesFirst(ExpertId a, ExpertId b) const {
    const size_t next_a = Next(a), next_b = Next(b);
    if (next_a != next_b) return next_a > next_b;
    return a.layer != b.layer ? a.layer < b.layer : a.expert < b.expert;
  }

 private:
  static constexpr size_t kNever = std::numeric_limits<size_t>::max();

  size_t& Next(ExpertId id) { return next_[size_t{id.layer} * experts_ + id.expert]; }
  size_t Next(ExpertId id) const { return next_[size_t{id.layer} * experts_ + id.expert]; }

  size_t experts_;
  std::vector<size_t> next_of_use_;  // request that uses the expert of this use again
  std::vector<size_t> next_;         // of each expert, from now
};

// One cache. The order of two experts of one layer changes with their uses only, whatever the
// policy, so each layer keeps its residents sorted; a pool compares the first of every layer, whose
// order does change from turn to turn.
template <typename Order>
class Replay {
 public:
  Replay(const ExpertTrace& trace, const CacheConfig& config, Order order)
      : trace_(trace),
        is_pool_(config.scope == report::CacheScope::kPool),
        order_(std::move(order)) {
    for (uint32_t layer = 0; layer < trace.layers; ++layer) {
      shelves_.emplace_back(GoesFirstInLayer{&order_, layer});
    }
    is_resident_.resize(size_t{trace.layers} * trace.experts);
    std::vector<bool> has_experts(trace.layers);
    for (const ExpertRequest& request : trace.requests) has_experts[request.layer] = true;
    const auto layers = static_cast<size_t>(std::ranges::count(has_experts, true));
    capacity_ = is_pool_ ? layers * config.slots : config.slots;
  }

  uint64_t Run() {
    uint64_t hits = 0;
    for (const ExpertRequest& request : trace_.requests) hits += Serve(request);
    return hits;
  }

 private:
  struct GoesFirstInLayer {
    const Order* order;
    uint32_t layer;
    bool operator()(uint16_t a, uint16_t b) const {
      return order->GoesFirst({layer, a}, {layer, b});
    }
  };
  using Shelf = std::set<uint16_t, GoesFirstInLayer>;

  uint64_t Serve(const ExpertRequest& request) {
    const std::span<const uint16_t> wanted = trace_.ExpertsOf(request);
    order_.Begin(request.first, request);
    Shelf& shelf = shelves_[request.layer];
    // What is asked for is taken off its shelf before its place changes, and out of harm's way.
    uint64_t hits = 0;
    for (const uint16_t expert : wanted) {
      if (IsResident(request.layer, expert)) hits += shelf.erase(expert);
    }
    num_residents_[Account(request.layer)] -= hits;
    for (size_t use = 0; use < wanted.size(); ++use) {
      order_.Touch(request.first + use, {request.layer, wanted[use]});
    }
    MakeRoom(request.layer, wanted.size());
    staying_.assign(wanted.begin(), wanted.end());
    if (staying_.size() > capacity_) {
      std::ranges::sort(staying_, GoesFirstInLayer{&order_, request.layer});
      const auto excess = static_cast<ptrdiff_t>(staying_.size() - capacity_);
      for (auto gone = staying_.begin(); gone != staying_.begin() + excess; ++gone) {
        SetResident(request.layer, *gone, false);
      }
      staying_.erase(staying_.begin(), staying_.begin() + excess);
    }
    for (const uint16_t expert : staying_) {
      shelf.insert(expert);
      SetResident(request.layer, expert, true);
    }
    num_residents_[Account(request.layer)] += staying_.size();
    return hits;
  }

  // Lets others go until `count` more fit, or none is left.
  void MakeRoom(uint32_t layer, size_t count) {
    size_t& residents = num_residents_[Account(layer)];
    while (residents > 0 && residents + count > capacity_) {
      const uint32_t from = is_pool_ ? LayerThatGivesWay() : layer;
      SetResident(from, *shelves_[from].begin(), false);
      shelves_[from].erase(shelves_[from].begin());
      --residents;
    }
  }

  uint32_t LayerThatGivesWay() const {
    std::optional<ExpertId> first;
    for (uint32_t layer = 0; layer < trace_.layers; ++layer) {
      if (shelves_[layer].empty()) continue;
      const ExpertId id = {layer, *shelves_[layer].begin()};
      if (!first || order_.GoesFirst(id, *first)) first = id;
    }
    return first->layer;
  }

  // Whose slots a layer's experts take.
  size_t Account(uint32_t layer) const noexcept { return is_pool_ ? 0 : layer; }
  bool IsResident(uint32_t layer, uint16_t expert) const {
    return is_resident_[size_t{layer} * trace_.experts + expert];
  }
  void SetResident(uint32_t layer, uint16_t expert, bool is_resident) {
    is_resident_[size_t{layer} * trace_.experts + expert] = is_resident;
  }

  const ExpertTrace& trace_;
  bool is_pool_;
  Order order_;
  size_t capacity_ = 0;
  std::vector<Shelf> shelves_;  // of every layer; the next to go first
  std::vector<bool> is_resident_;
  std::vector<size_t> num_residents_ = std::vector<size_t>(trace_.layers);  // of every account
  std::vector<uint16_t> staying_;
};

// How much of all uses the busiest tenth of the experts of each layer gets, and how many experts are used.
void CountUses(const ExpertTrace& trace, report::CacheSimulation& simulation) {
  std::vector<std::vector<uint64_t>> uses(trace.layers);
  std::optional<uint64_t> pass;
  for (const ExpertRequest& request : trace.requests) {
    uses[request.layer].resize(trace.experts);
    for (const uint16_t expert : trace.ExpertsOf(request)) ++uses[request.layer][expert];
    if (pass != request.pass) {
      ++simulation.passes;
      simulation.tokens += request.tokens;
    }
    pass = request.pass;
  }
  simulation.uses = trace.ids.size();
  uint64_t busiest = 0;
  for (std::vector<uint64_t>& layer : uses) {
    if (layer.empty()) continue;
    ++simulation.expert_layers;
    simulation.distinct += layer.size() - static_cast<size_t>(std::ranges::count(layer, 0u));
    std::ranges::sort(layer, std::greater{});
    for (size_t rank = 0; rank < (layer.size() + 9) / 10; ++rank) busiest += layer[rank];
  }
  simulation.busiest_tenth = static_cast<double>(busiest) / static_cast<double>(simulation.uses);
}

}  // namespace

std::optional<EvictionPolicy> CachePolicyOfColumn(size_t column) noexcept {
  if (column < runtime::kEvictionPolicies.size()) return runtime::kEvictionPolicies[column];
  return std::nullopt;
}

std::string_view CacheColumnName(size_t column) noexcept {
  const std::optional<EvictionPolicy> policy = CachePolicyOfColumn(column);
  return policy ? runtime::EvictionPolicyName(*policy) : "optimum";
}

uint64_t CountCacheHits(const ExpertTrace& trace, const CacheConfig& config) {
  if (config.policy) return Replay(trace, config, PolicyOrder(trace, *config.policy)).Run();
  return Replay(trace, config, FutureOrder(trace)).Run();
}

std::vector<uint32_t> DefaultCacheSizes(uint32_t experts) {
  std::vector<uint32_t> sizes;
  for (uint32_t power = 1; power < experts; power *= 2) {
    sizes.push_back(power);
    if (power > 1 && power + power / 2 < experts) sizes.push_back(power + power / 2);
  }
  sizes.push_back(experts);
  return sizes;
}

report::CacheSimulation SimulateCaches(const ExpertTrace& trace, const std::vector<uint32_t>& sizes,
                                       int threads) {
  report::CacheSimulation simulation;
  simulation.model = trace.model;
  simulation.experts = trace.experts;
  simulation.top_k = trace.top_k;
  simulation.expert_bytes = trace.expert_bytes;
  for (size_t column = 0; column < kCacheColumns; ++column) {
    simulation.policies.emplace_back(CacheColumnName(column));
  }
  CountUses(trace, simulation);
  for (const uint32_t slots : sizes) {
    if (slots < 1 || slots > trace.experts) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("want sizes from 1 to {} experts of a layer, got {}", trace.experts, slots));
    }
    const std::vector<uint64_t> hits(kCacheColumns);
    simulation.sizes.push_back({.slots = slots,
                                .bytes = simulation.expert_layers * trace.expert_bytes * slots,
                                .hits = {hits, hits}});
  }
  constexpr size_t kRuns = report::kCacheScopes.size() * kCacheColumns;  // of one size
  ForEachTask(threads, sizes.size() * kRuns, [&](size_t run) {
    report::CacheSize& size = simulation.sizes[run / kRuns];
    const size_t scope = run % kRuns / kCacheColumns, column = run % kCacheColumns;
    size.hits[scope][column] = CountCacheHits(
        trace, {CachePolicyOfColumn(column), report::kCacheScopes[scope], size.slots});
  });
  return simulation;
}

}  // namespace hlwq::eval
