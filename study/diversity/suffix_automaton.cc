#include "study/diversity/suffix_automaton.h"

#include "base/error.h"
#include "base/random.h"

namespace hlwq::study {

SuffixAutomaton::SuffixAutomaton(std::span<const std::vector<int32_t>> sequences) {
  size_t tokens = 0;
  for (const auto& sequence : sequences) tokens += sequence.size();
  if (tokens > size_t{1} << 30) {
    throw Error(ErrorCode::kInvalidArgument, "samples have more than 2^30 tokens");
  }
  nodes_.resize(1);
  edges_.resize(1);  // 0 is no edge
  nodes_.reserve(2 * tokens + 1);
  slots_.resize(16);
  for (const auto& sequence : sequences) {
    State last = kRoot;
    for (const int32_t token : sequence) last = Append(last, token);
  }
}

size_t SuffixAutomaton::Find(uint64_t key) const noexcept {
  const size_t mask = slots_.size() - 1;
  size_t slot = MixBits(key) & mask;
  while (slots_[slot].key != key && slots_[slot].key != kEmptyKey) slot = (slot + 1) & mask;
  return slot;
}

std::optional<SuffixAutomaton::State> SuffixAutomaton::Step(State state,
                                                            int32_t token) const noexcept {
  const Slot& slot = slots_[Find(Key(state, token))];
  if (slot.key == kEmptyKey) return std::nullopt;
  return slot.target;
}

void SuffixAutomaton::Grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.key != kEmptyKey) slots_[Find(slot.key)] = slot;
  }
}

void SuffixAutomaton::Lead(State from, int32_t token, State to) {
  Slot& slot = slots_[Find(Key(from, token))];
  const bool is_new = slot.key == kEmptyKey;
  slot = {Key(from, token), to};
  if (!is_new) return;
  edges_.push_back({token, nodes_[from].first_edge});
  nodes_[from].first_edge = static_cast<uint32_t>(edges_.size() - 1);
  if (2 * edges_.size() > slots_.size()) Grow();
}

// A copy of `original` for its shorter parts, which are the parts of `parent` with `token` after them.
SuffixAutomaton::State SuffixAutomaton::Clone(State parent, int32_t token, State original) {
  const State clone = static_cast<State>(nodes_.size());
  nodes_.push_back({nodes_[parent].length + 1, nodes_[original].link, 0});
  for (uint32_t edge = nodes_[original].first_edge; edge != 0; edge = edges_[edge].next) {
    const int32_t next = edges_[edge].token;
    Lead(clone, next, *Step(original, next));
  }
  nodes_[original].link = clone;
  for (State state = parent;; state = nodes_[state].link) {
    if (Step(state, token) != original) break;
    Lead(state, token, clone);
    if (state == kRoot) break;
  }
  return clone;
}

SuffixAutomaton::State SuffixAutomaton::Append(State last, int32_t token) {
  if (const auto known = Step(last, token)) {
    if (nodes_[*known].length == nodes_[last].length + 1) return *known;
    return Clone(last, token, *known);
  }
  const State added = static_cast<State>(nodes_.size());
  nodes_.push_back({nodes_[last].length + 1, kRoot, 0});
  for (State state = last;; state = nodes_[state].link) {
    if (const auto known = Step(state, token)) {
      nodes_[added].link =
          nodes_[*known].length == nodes_[state].length + 1 ? *known : Clone(state, token, *known);
      break;
    }
    Lead(state, token, added);
    if (state == kRoot) break;
  }
  return added;
}

std::vector<SuffixAutomaton::State> SuffixAutomaton::ByLength() const {
  uint32_t longest = 0;
  for (const Node& node : nodes_) longest = std::max(longest, node.length);
  std::vector<uint32_t> place(longest + 2);
  for (size_t state = 1; state < nodes_.size(); ++state) ++place[nodes_[state].length + 1];
  for (size_t length = 1; length < place.size(); ++length) place[length] += place[length - 1];
  std::vector<State> ordered(nodes_.size() - 1);
  for (size_t state = 1; state < nodes_.size(); ++state) {
    ordered[place[nodes_[state].length]++] = static_cast<State>(state);
  }
  return ordered;
}

}  // namespace hlwq::study
