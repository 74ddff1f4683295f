#include "text/tokenizer/vocabulary.h"

#include <algorithm>
#include <bit>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "text/tokenizer/quoted.h"

namespace hlwq::text {
namespace {

constexpr size_t kFirstSlots = 64;

uint32_t TagOf(uint64_t hash) noexcept { return static_cast<uint32_t>(hash >> 32); }

}  // namespace

uint64_t Vocabulary::Hash(std::string_view text) noexcept {
  return XXH3_64bits(text.data(), text.size());
}

void Vocabulary::Reserve(size_t tokens, size_t bytes) {
  tokens = std::min<size_t>(tokens, kMaxTokens);
  block_.reserve(bytes);
  texts_.reserve(tokens);
  Grow(std::bit_ceil(std::max(tokens + tokens / 3 + 1, kFirstSlots)));
}

void Vocabulary::Grow(size_t slots) {
  if (slots <= slots_.size()) return;
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  mask_ = slots - 1;
  for (const Slot& slot : old) {
    if (slot.id == kNoToken) continue;
    const std::string_view text = At(slot.text);
    slots_[PlaceOf(text, Hash(text))] = slot;
  }
}

size_t Vocabulary::PlaceOf(std::string_view text, uint64_t hash) const noexcept {
  for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.id == kNoToken) return at;
    if (slot.tag == TagOf(hash) && At(slot.text) == text) return at;
  }
}

void Vocabulary::Add(std::string_view text, TokenId id, uint64_t hash) {
  if (IsFull()) Grow(std::max(2 * slots_.size(), kFirstSlots));
  if (Has(id)) {
    throw Error(ErrorCode::kInvalidData, "id " + std::to_string(id) + " is both " +
                                             Quoted(Text(id)) + " and " + Quoted(text));
  }
  Slot& slot = slots_[PlaceOf(text, hash)];
  if (slot.id != kNoToken) {
    throw Error(ErrorCode::kInvalidData, "token " + Quoted(text) + " occurs twice");
  }
  if (static_cast<size_t>(id) >= texts_.size()) texts_.resize(static_cast<size_t>(id) + 1);
  const Extent extent = {static_cast<uint32_t>(block_.size()), static_cast<uint32_t>(text.size())};
  texts_[id] = extent;
  slot = {TagOf(hash), id, extent};
  block_ += text;
  ++count_;
}

TokenId Vocabulary::Find(std::string_view text, uint64_t hash) const noexcept {
  return slots_.empty() ? kNoToken : slots_[PlaceOf(text, hash)].id;
}

}  // namespace hlwq::text
