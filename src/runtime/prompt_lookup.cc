#include "runtime/prompt_lookup.h"

#include <algorithm>

namespace hlwq::runtime {
namespace {

// Tokens that must be equal; more after misses.
constexpr size_t kKey = 3;
constexpr size_t kMostCommon = 24;  // looked at
constexpr size_t kMostPlaces = 16;  // looked at
constexpr size_t kShortest = 2, kLongest = 15;
// After the second miss in a row and later ones a draft waits for 8, 16, ... tokens.
constexpr size_t kFirstWait = 4, kMostMisses = 6;

// Exact for vocabularies of up to 2 million tokens.
uint64_t KeyOf(std::span<const TokenId, kKey> tokens) noexcept {
  uint64_t key = 0;
  for (const TokenId token : tokens) key = key << 21 ^ static_cast<uint32_t>(token);
  return key;
}

}  // namespace

void PromptLookup::Add(std::span<const TokenId> tokens) {
  for (const TokenId token : tokens) {
    tokens_.push_back(token);
    uint32_t before = 0;
    if (tokens_.size() >= kKey) {
      uint32_t& end = last_[KeyOf(std::span(tokens_).last<kKey>())];
      before = end;
      end = static_cast<uint32_t>(tokens_.size());
    }
    earlier_.push_back(before);
  }
}

size_t PromptLookup::CommonBefore(size_t end, size_t other) const noexcept {
  size_t common = 0;
  while (common < std::min(other, kMostCommon) &&
         tokens_[end - 1 - common] == tokens_[other - 1 - common])
    ++common;
  return common;
}

std::span<const TokenId> PromptLookup::Draft(size_t most) {
  const size_t size = tokens_.size();
  if (most == 0 || size < wait_until_ || size <= kKey) return {};
  size_t best = 0, best_common = kKey + misses_ - 1;
  size_t place = earlier_.back();
  for (size_t looked = 0; place > 0 && looked < kMostPlaces;
       ++looked, place = earlier_[place - 1]) {
    const size_t common = CommonBefore(size, place);
    if (common <= best_common) continue;
    best = place;
    best_common = common;
  }
  if (best == 0) return {};
  draft_.clear();
  // What repeats itself goes on repeating itself.
  for (size_t i = 0; i < std::min(most, length_); ++i)
    draft_.push_back(tokens_[best + i % (size - best)]);
  return draft_;
}

void PromptLookup::Learn(size_t drafted, size_t accepted, bool paid) noexcept {
  if (drafted == 0) return;
  length_ =
      accepted == drafted ? std::min(2 * drafted + 1, kLongest) : std::max(accepted + 1, kShortest);
  if (accepted > 0 && paid) {
    misses_ /= 2;
    return;
  }
  length_ = std::min(length_, kShortest);
  if (misses_ > 0) wait_until_ = tokens_.size() + (kFirstWait << misses_);
  misses_ = std::min(misses_ + 1, kMostMisses);
}

}  // namespace hlwq::runtime
