// The tokens of a model, by text and by id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace hlwq::text {

inline constexpr TokenId kNoToken = -1;
inline constexpr uint64_t kMaxTokens = 16'000'000;  // ids are below

// All texts in one block and one open table: hundreds of thousands of tokens are there in a few
// milliseconds.
class Vocabulary {
 public:
  // A guess of what will be added; it may be wrong.
  void Reserve(size_t tokens, size_t bytes);

  // Throws Error{kInvalidData} when the text or the id is there already. `hash` is Hash(text).
  // REQUIRES: 0 <= id < kMaxTokens; all texts together have less than 4 GiB.
  void Add(std::string_view text, TokenId id, uint64_t hash);
  void Add(std::string_view text, TokenId id) { Add(text, id, Hash(text)); }

  size_t count() const noexcept { return count_; }
  // One more than the largest id.
  size_t size() const noexcept { return texts_.size(); }
  const std::string& block() const noexcept { return block_; }

  static uint64_t Hash(std::string_view text) noexcept;
  // kNoToken when there is none.
  TokenId Find(std::string_view text) const noexcept { return Find(text, Hash(text)); }
  TokenId Find(std::string_view text, uint64_t hash) const noexcept;
  // Adding and finding wait for memory. Many at a time do not: first Prefetch all places, then,
  // for finding, all texts there.
  void Prefetch(uint64_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask_]);
  }
  void PrefetchText(uint64_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(block_.data() + slots_[hash & mask_].text.begin);
  }

  bool Has(TokenId id) const noexcept {
    return id >= 0 && static_cast<size_t>(id) < texts_.size() && texts_[id].size != kAbsent;
  }
  // Empty for an id that has none.
  std::string_view Text(TokenId id) const noexcept {
    if (!Has(id)) return {};
    return At(texts_[id]);
  }

 private:
  static constexpr uint32_t kAbsent = UINT32_MAX;
  struct Extent {
    uint32_t begin = 0;
    uint32_t size = kAbsent;
  };
  struct Slot {
    uint32_t tag = 0;  // the upper half of the hash
    TokenId id = kNoToken;
    Extent text;
  };

  std::string_view At(Extent extent) const noexcept {
    return {block_.data() + extent.begin, extent.size};
  }
  bool IsFull() const noexcept { return 4 * count_ >= 3 * slots_.size(); }
  void Grow(size_t slots);
  // Where the text is, or where it would be put.
  size_t PlaceOf(std::string_view text, uint64_t hash) const noexcept;

  std::string block_;
  std::vector<Extent> texts_;  // by id
  std::vector<Slot> slots_;    // by hash, at most three quarters of them in use
  size_t mask_ = 0;
  size_t count_ = 0;
};

}  // namespace hlwq::text
