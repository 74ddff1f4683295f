#include "runtime/experts/eviction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace hlwq::runtime {

std::string_view EvictionPolicyName(EvictionPolicy policy) noexcept {
  switch (policy) {
    case EvictionPolicy::kLru:
      return "lru";
    case EvictionPolicy::kLfru:
      return "lfru";
    case EvictionPolicy::kLeastStale:
      return "least-stale";
  }
  return "";
}

EvictionPolicy EvictionPolicyFromName(std::string_view name) {
  std::vector<std::string_view> names;
  for (const EvictionPolicy policy : kEvictionPolicies) {
    if (EvictionPolicyName(policy) == name) return policy;
    names.push_back(EvictionPolicyName(policy));
  }
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("want an eviction policy ({}), got '{}'", fmt::join(names, ", "), name));
}

ExpertHistory::Uses::Uses() noexcept : frequency(-std::numeric_limits<double>::infinity()) {}

ExpertHistory::ExpertHistory(size_t layers, size_t experts)
    : layers_(layers), experts_(experts), uses_(layers * experts) {}

void ExpertHistory::BeginUse(size_t layer) noexcept {
  HLWQ_DASSERT(layer < layers_);
  if (static_cast<int64_t>(layer) <= layer_) ++pass_;
  layer_ = static_cast<int64_t>(layer);
}

void ExpertHistory::Touch(ExpertId id) noexcept {
  HLWQ_DASSERT(id.layer < layers_ && id.expert < experts_);
  Uses& uses = UsesOf(id);
  const double now = static_cast<double>(pass_) / kHalfLifePasses;
  uses.frequency = now + std::log2(std::exp2(uses.frequency - now) + 1);
  uses.last_pass = pass_;
  uses.awaited_pass = kNever;
  uses.last_use = ++clock_;
}

void ExpertHistory::Foresee(ExpertId id) noexcept {
  HLWQ_DASSERT(id.layer < layers_ && id.expert < experts_);
  UsesOf(id).awaited_pass = IsBehind(id.layer) ? pass_ + 1 : pass_;
}

EvictionRank ExpertHistory::Rank(EvictionPolicy policy, ExpertId id) const noexcept {
  HLWQ_DASSERT(id.layer < layers_ && id.expert < experts_);
  const Uses& uses = UsesOf(id);
  EvictionRank rank;
  rank.is_awaited = uses.awaited_pass > pass_ ||
                    (uses.awaited_pass == pass_ && static_cast<int64_t>(id.layer) >= layer_);
  rank.last_use = uses.last_use;
  if (policy == EvictionPolicy::kLru) return rank;
  rank.frequency = uses.frequency;
  if (policy == EvictionPolicy::kLfru) return rank;
  const int64_t distance = static_cast<int64_t>(id.layer) - layer_;
  if (distance > 0) {
    rank.missed_turns = uses.last_pass - (pass_ - 1);
    rank.next_turn = -distance;
  } else {
    rank.missed_turns = uses.last_pass - pass_;
    rank.next_turn = -(distance + static_cast<int64_t>(layers_));
  }
  return rank;
}

}  // namespace hlwq::runtime
