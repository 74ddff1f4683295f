// Which of the experts in memory makes room for the next one.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hlwq::runtime {

enum class EvictionPolicy {
  kLru,         // the one whose last use is longest ago
  kLfru,        // the one used least often, where old uses count less
  kLeastStale,  // the one that missed most of its layer's turns; then the one needed last
};
inline constexpr std::array kEvictionPolicies = {EvictionPolicy::kLru, EvictionPolicy::kLfru,
                                                 EvictionPolicy::kLeastStale};

// "lru", "lfru", "least-stale".
std::string_view EvictionPolicyName(EvictionPolicy policy) noexcept;
// Throws Error{kInvalidArgument} listing the names.
EvictionPolicy EvictionPolicyFromName(std::string_view name);

struct ExpertId {
  uint32_t layer = 0;
  uint32_t expert = 0;

  bool operator==(const ExpertId&) const = default;
};

// Of two experts the one with the smaller rank goes first; members in order of weight. No two
// experts that were used have the same rank.
struct EvictionRank {
  bool is_awaited = false;   // foreseen, and the foreseen turn is not over
  int64_t missed_turns = 0;  // negated: least-stale only
  int64_t next_turn = 0;     // layers until then, negated: least-stale only
  double frequency = 0;      // not of LRU
  uint64_t last_use = 0;

  auto operator<=>(const EvictionRank&) const = default;
};

// When and how often each expert of a model was used, in memory or not. A model walks its layers in
// a fixed cycle: one walk is a pass, in which each layer has one turn. Where several sequences run
// at the same time their walks mix, and a pass is what lies between two steps back.
//
//   LRU          last use.
//   LFRU         f = sum over its uses of 2^(-a / kHalfLifePasses), a the passes since that use, as
//                in Lee et al. 2001 (LRFU): one number for frequency and recency. Compared as
//                log2 f + (present pass) / kHalfLifePasses, which changes with uses only. Replayed
//                with half-lives from 2 to 256 passes over random routing (8 of 256 experts, 8 to
//                128 slots), 32 came within 0.6 points of hit rate of the best where preferences
//                changed every 250 tokens or so, and within 2.5 where they never did.
//   Least-stale  after SpecMD (arXiv 2602.03921). First the turns of its layer since its last use,
//                the present turn included: 0 for what was used in the layer's latest turn. The
//                most goes first. Of equals the one whose layer's next turn is farthest away: of
//                the layer at turn, then of the one before, ... and last of the next layer. Then f
//                as in LFRU. Slots of one layer alone compare by missed turns, then f.
//
// An expert that is foreseen is kept longer than all that are not, by every policy, until it is
// used or its layer's turn is over. Thread: not safe.
class ExpertHistory {
 public:
  static constexpr double kHalfLifePasses = 32;

  ExpertHistory(size_t layers, size_t experts);

  // The turn of `layer` begins: a pass ends where it does not lie behind the layer before.
  void BeginUse(size_t layer) noexcept;
  // It is used in the turn that began last.
  void Touch(ExpertId id) noexcept;
  // It is likely used in the next turn of its layer.
  void Foresee(ExpertId id) noexcept;

  EvictionRank Rank(EvictionPolicy policy, ExpertId id) const noexcept;
  bool GoesFirst(EvictionPolicy policy, ExpertId a, ExpertId b) const noexcept {
    return Rank(policy, a) < Rank(policy, b);
  }

  size_t layers() const noexcept { return layers_; }
  size_t experts() const noexcept { return experts_; }

 private:
  struct Uses {
    int64_t last_pass = kNever;
    int64_t awaited_pass = kNever;  // whose turn is foreseen to use it
    uint64_t last_use = 0;          // of clock_
    double frequency;               // log2 of the sum of 2^(pass / half-life) over its uses
    Uses() noexcept;
  };
  static constexpr int64_t kNever = -(int64_t{1} << 40);

  Uses& UsesOf(ExpertId id) noexcept { return uses_[id.layer * experts_ + id.expert]; }
  const Uses& UsesOf(ExpertId id) const noexcept { return uses_[id.layer * experts_ + id.expert]; }
  bool IsBehind(uint32_t layer) const noexcept { return layer <= layer_; }

  size_t layers_, experts_;
  std::vector<Uses> uses_;  // [layer, expert]
  int64_t pass_ = 0;
  int64_t layer_ = -1;  // at turn
  uint64_t clock_ = 0;
};

}  // namespace hlwq::runtime
