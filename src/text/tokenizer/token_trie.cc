#include "text/tokenizer/token_trie.h"

#include <algorithm>
#include <deque>

namespace hlwq::text {

TokenTrie::TokenTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.text.empty(); });
  if (entries.empty()) return;
  std::ranges::stable_sort(entries, {}, &Entry::text);
  // Level by level: a node is a run of entries with the same first `depth` bytes.
  struct Run {
    size_t begin, end, depth;
  };
  std::deque<Run> runs = {{0, entries.size(), 0}};
  nodes_.emplace_back();
  for (uint32_t node = 0; !runs.empty(); ++node) {
    const Run run = runs.front();
    runs.pop_front();
    size_t at = run.begin;
    for (; at < run.end && entries[at].text.size() == run.depth; ++at) {
      if (nodes_[node].value == kNone) nodes_[node].value = entries[at].value;
    }
    nodes_[node].first_edge = static_cast<uint32_t>(edges_.size());
    while (at < run.end) {
      const char byte = entries[at].text[run.depth];
      const size_t begin = at;
      while (at < run.end && entries[at].text[run.depth] == byte) ++at;
      edges_.push_back({static_cast<uint8_t>(byte), static_cast<uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      ++nodes_[node].edges;
      runs.push_back({begin, at, run.depth + 1});
    }
  }
  for (const Entry& entry : entries) begins_[static_cast<uint8_t>(entry.text[0])] = true;
}

const TokenTrie::Edge* TokenTrie::EdgeOf(const Node& node, uint8_t byte) const noexcept {
  const Edge* const begin = edges_.data() + node.first_edge;
  const Edge* const end = begin + node.edges;
  const Edge* const found = std::lower_bound(
      begin, end, byte, [](const Edge& edge, uint8_t value) { return edge.byte < value; });
  return found != end && found->byte == byte ? found : nullptr;
}

std::optional<TokenTrie::Match> TokenTrie::Find(std::string_view text,
                                                size_t start) const noexcept {
  if (nodes_.empty()) return std::nullopt;
  for (size_t begin = start; begin < text.size(); ++begin) {
    if (!begins_[static_cast<uint8_t>(text[begin])]) continue;
    std::optional<Match> longest;
    const Node* node = &nodes_[0];
    for (size_t at = begin; at < text.size(); ++at) {
      const Edge* const edge = EdgeOf(*node, static_cast<uint8_t>(text[at]));
      if (edge == nullptr) break;
      node = &nodes_[edge->node];
      if (node->value != kNone) longest = Match{begin, at + 1, node->value};
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace hlwq::text
