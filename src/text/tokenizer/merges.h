// The pairs of tokens that byte pair encoding merges, by rank.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer/vocabulary.h"

namespace hlwq::text {

inline constexpr uint32_t kNoRank = UINT32_MAX;

struct Merge {
  uint32_t rank = kNoRank;  // lower merges first
  TokenId id = kNoToken;    // what the pair becomes
};

// As a tokenizer.json lists them; borrows the file's text.
struct MergeText {
  std::string_view left;
  std::string_view right;
};

// Immutable once made. Cost of a look-up: one cache line nearly always.
class MergeTable {
 public:
  // The rank is the place in the list; of a pair that is there twice, the last. Throws
  // Error{kInvalidData} when a part or the whole is not in the vocabulary.
  MergeTable(std::span<const MergeText> merges, const Vocabulary& vocabulary);

  // Without a rank when the pair does not merge.
  Merge Find(TokenId left, TokenId right) const noexcept {
    const uint64_t key = Key(left, right);
    for (size_t at = Start(key);; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.key == key) return slot.merge;
      if (slot.key == kEmpty) return {};
    }
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge;
  };

  static uint64_t Key(TokenId left, TokenId right) noexcept {
    return (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
  }
  size_t Start(uint64_t key) const noexcept {
    // The golden ratio spreads neighbours; its upper bits depend on all bits of the key.
    return (key * 0x9E3779B97F4A7C15) >> shift_;
  }
  void Insert(uint64_t key, Merge merge) noexcept;
  void Resolve(std::span<const MergeText> batch, size_t first_rank, const Vocabulary& vocabulary);

  std::vector<Slot> slots_;  // at most three quarters of them in use
  size_t mask_ = 0;
  int shift_ = 63;
  TokenId last_whole_ = kNoToken;  // of the merge read last
};

}  // namespace hlwq::text
