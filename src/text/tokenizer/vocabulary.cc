#include "text/tokenizer/vocabulary.h"

#include <algorithm>
#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

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
  Grow(std::bit_ceil(std::max(2 * tokens, kFirstSlots)));
}

void Vocabulary::Grow(size_t slots) {
  if (slots <= slots_.size()) return;
  slots_.assign(slots, Slot{});
  mask_ = slots - 1;
  for (size_t id = 0; id < texts_.size(); ++id) {
    const auto token = static_cast<TokenId>(id);
    if (Has(token)) Place(Hash(Text(token)), token);
  }
}

void Vocabulary::Place(uint64_t hash, TokenId id) noexcept {
  size_t at = hash & mask_;
  while (slots_[at].id != kNoToken) at = (at + 1) & mask_;
  slots_[at] = {TagOf(hash), id};
}

void Vocabulary::Add(std::string_view text, TokenId id) {
  if (2 * (count_ + 1) > slots_.size()) Grow(std::max(2 * slots_.size(), kFirstSlots));
  const uint64_t hash = Hash(text);
  if (Has(id)) {
    throw Error(ErrorCode::kInvalidData, "id " + std::to_string(id) + " is both '" +
                                             std::string(Text(id)) + "' and '" +
                                             std::string(text) + "'");
  }
  if (Find(text, hash) != kNoToken) {
    throw Error(ErrorCode::kInvalidData, "token '" + std::string(text) + "' occurs twice");
  }
  if (static_cast<size_t>(id) >= texts_.size()) texts_.resize(static_cast<size_t>(id) + 1);
  texts_[id] = {static_cast<uint32_t>(block_.size()), static_cast<uint32_t>(text.size())};
  block_ += text;
  Place(hash, id);
  ++count_;
}

TokenId Vocabulary::Find(std::string_view text, uint64_t hash) const noexcept {
  if (slots_.empty()) return kNoToken;
  for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.id == kNoToken) return kNoToken;
    if (slot.tag == TagOf(hash) && Text(slot.id) == text) return slot.id;
  }
}

}  // namespace hlwq::text
