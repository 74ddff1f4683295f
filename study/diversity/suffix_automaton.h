// All parts of a set of token sequences in one automaton of linear size (Blumer et al. 1985).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hlwq::study {

// A state stands for parts that end at the same places; the longest has length(state) tokens, the
// shortest one more than length(link(state)). At most two states and three steps a token.
class SuffixAutomaton {
 public:
  using State = uint32_t;
  static constexpr State kRoot = 0;  // the empty part

  // Throws Error{kInvalidArgument} for more than 2^30 tokens.
  explicit SuffixAutomaton(std::span<const std::vector<int32_t>> sequences);

  size_t size() const noexcept { return nodes_.size(); }
  uint32_t length(State state) const noexcept { return nodes_[state].length; }
  // Where the longest part is cut at its front until it ends at more places. Of the root: itself.
  State link(State state) const noexcept { return nodes_[state].link; }
  // The part with `token` after it.
  std::optional<State> Step(State state, int32_t token) const noexcept;
  // All states but the root, each after its link.
  std::vector<State> ByLength() const;

 private:
  struct Node {
    uint32_t length = 0;
    State link = kRoot;
    uint32_t first_edge = 0;  // 0: none
  };
  // Which tokens lead on from a state: a list, for copying. Where they lead is in the hash table.
  struct Edge {
    int32_t token = 0;
    uint32_t next = 0;
  };
  struct Slot {
    uint64_t key = kEmptyKey;
    State target = kRoot;
  };
  static constexpr uint64_t kEmptyKey = ~uint64_t{0};

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half of them taken

  static uint64_t Key(State state, int32_t token) noexcept {
    return static_cast<uint64_t>(state) << 32 | static_cast<uint32_t>(token);
  }
  size_t Find(uint64_t key) const noexcept;
  void Lead(State from, int32_t token, State to);
  State Append(State last, int32_t token);
  State Clone(State parent, int32_t token, State original);
  void Grow();
};

}  // namespace hlwq::study
