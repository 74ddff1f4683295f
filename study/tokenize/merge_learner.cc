#include "study/tokenize/merge_learner.h"

#include <algorithm>

namespace hlwq::study {

MergeLearner::MergeLearner(std::vector<CountedWord> words) : words_(std::move(words)) {
  for (size_t word = 0; word < words_.size(); ++word) {
    const std::vector<uint32_t>& tokens = words_[word].tokens;
    for (size_t at = 0; at + 1 < tokens.size(); ++at) {
      Change({tokens[at], tokens[at + 1]}, +1, static_cast<uint32_t>(word));
    }
  }
  Enqueue();
}

std::optional<TokenPair> MergeLearner::Next(uint64_t least_count) {
  while (!queue_.empty()) {
    Entry top = queue_.top();
    queue_.pop();
    const int64_t count = counts_[top.pair];
    if (count != static_cast<int64_t>(top.count)) {
      // Merges of other pairs took some of it. One that none is left of goes to the end of the queue.
      if (count <= 0) continue;
      top.count = static_cast<uint64_t>(count);
      queue_.push(std::move(top));
      continue;
    }
    if (top.count < std::max<uint64_t>(least_count, 1)) return std::nullopt;
    next_ = std::move(top);
    return next_.pair;
  }
  return std::nullopt;
}

void MergeLearner::Merge(uint32_t made) {
  for (const uint32_t word : next_.words) MergeIn(word, made);
  Enqueue();
}

void MergeLearner::MergeIn(uint32_t word, uint32_t made) {
  std::vector<uint32_t>& tokens = words_[word].tokens;
  const auto [left, right] = next_.pair;
  size_t kept = 0;  // tokens of the word as it becomes
  for (size_t at = 0; at < tokens.size(); ++at) {
    if (tokens[at] != left || at + 1 == tokens.size() || tokens[at + 1] != right) {
      tokens[kept++] = tokens[at];
      continue;
    }
    if (kept > 0) {
      Change({tokens[kept - 1], left}, -1, word);
      Change({tokens[kept - 1], made}, +1, word);
    }
    if (at + 2 < tokens.size()) {
      Change({right, tokens[at + 2]}, -1, word);
      Change({made, tokens[at + 2]}, +1, word);
    }
    tokens[kept++] = made;
    ++at;
  }
  tokens.resize(kept);
}

void MergeLearner::Change(TokenPair pair, int64_t change, uint32_t word) {
  counts_[pair] += change * static_cast<int64_t>(words_[word].count);
  if (change < 0) return;
  std::vector<uint32_t>& found = found_in_[pair];
  if (found.empty() || found.back() != word) found.push_back(word);
}

void MergeLearner::Enqueue() {
  for (auto& [pair, words] : found_in_) {
    const int64_t count = counts_[pair];
    if (count > 0) queue_.push({pair, static_cast<uint64_t>(count), std::move(words)});
  }
  found_in_.clear();
}

}  // namespace hlwq::study
