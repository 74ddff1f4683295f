// The pairs of neighbours in a set of words, and their merging, most frequent first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"

namespace hlwq::study {

struct TokenPair {
  uint32_t left = 0, right = 0;

  auto operator<=>(const TokenPair&) const = default;
};

struct CountedWord {
  std::vector<uint32_t> tokens;
  uint64_t count = 0;
};

// Keeps the books of Hugging Face's BpeTrainer: each entry of the queue knows the words that brought it,
// and a pair that comes up again (made of a token that was made before in another way, which long runs
// of one character bring about) is a new entry. So the merges are the same, repeated ones included.
class MergeLearner {
 public:
  explicit MergeLearner(std::vector<CountedWord> words);

  // The next pair to merge; none where no pair occurs `least_count` times, or once.
  std::optional<TokenPair> Next(uint64_t least_count);
  // Merges what Next gave to the token `made`.
  void Merge(uint32_t made);

 private:
  struct Entry {
    TokenPair pair;
    uint64_t count = 0;
    std::vector<uint32_t> words;  // where it may be found

    bool operator<(const Entry& other) const noexcept {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  struct Hash {
    size_t operator()(const TokenPair& pair) const noexcept {
      return MixBits(static_cast<uint64_t>(pair.left) << 32 | pair.right);
    }
  };

  std::vector<CountedWord> words_;
  std::unordered_map<TokenPair, int64_t, Hash> counts_;
  std::unordered_map<TokenPair, std::vector<uint32_t>, Hash> found_in_;  // since the last Enqueue
  std::priority_queue<Entry> queue_;
  Entry next_;

  void Change(TokenPair pair, int64_t change, uint32_t word);
  void MergeIn(uint32_t word, uint32_t made);
  void Enqueue();
};

}  // namespace hlwq::study
