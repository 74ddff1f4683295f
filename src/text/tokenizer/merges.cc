#include "text/tokenizer/merges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "base/error.h"
#include "text/tokenizer/quoted.h"

namespace hlwq::text {
namespace {

// Merges resolved together: the look-ups of one wait for memory while the others are on their way.
constexpr size_t kBatch = 32;

[[noreturn]] void FailAbsent(const MergeText& merge, size_t rank, std::string_view part) {
  throw Error(ErrorCode::kInvalidData, "model: merge " + std::to_string(rank) + " (" +
                                           Quoted(merge.left) + ", " + Quoted(merge.right) +
                                           "): " + Quoted(part) + " is not in the vocabulary");
}

bool IsJoined(std::string_view whole, const MergeText& parts) noexcept {
  return whole.size() == parts.left.size() + parts.right.size() && whole.starts_with(parts.left) &&
         whole.ends_with(parts.right);
}

}  // namespace

MergeTable::MergeTable(std::span<const MergeText> merges, const Vocabulary& vocabulary) {
  const size_t slots = std::bit_ceil(std::max<size_t>(merges.size() + merges.size() / 3 + 1, 2));
  slots_.resize(slots);
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);
  for (size_t begin = 0; begin < merges.size(); begin += kBatch) {
    Resolve(merges.subspan(begin, std::min(kBatch, merges.size() - begin)), begin, vocabulary);
  }
}

void MergeTable::Resolve(std::span<const MergeText> batch, size_t first_rank,
                         const Vocabulary& vocabulary) {
  std::array<uint64_t, kBatch> left_hashes;
  std::array<uint64_t, kBatch> right_hashes;
  for (size_t index = 0; index < batch.size(); ++index) {
    left_hashes[index] = Vocabulary::Hash(batch[index].left);
    right_hashes[index] = Vocabulary::Hash(batch[index].right);
    vocabulary.Prefetch(left_hashes[index]);
    vocabulary.Prefetch(right_hashes[index]);
  }
  for (size_t index = 0; index < batch.size(); ++index) {
    vocabulary.PrefetchText(left_hashes[index]);
    vocabulary.PrefetchText(right_hashes[index]);
  }
  std::array<uint64_t, kBatch> keys;
  std::array<TokenId, kBatch> wholes;
  for (size_t index = 0; index < batch.size(); ++index) {
    const MergeText& merge = batch[index];
    const TokenId left = vocabulary.Find(merge.left, left_hashes[index]);
    if (left == kNoToken) FailAbsent(merge, first_rank + index, merge.left);
    const TokenId right = vocabulary.Find(merge.right, right_hashes[index]);
    if (right == kNoToken) FailAbsent(merge, first_rank + index, merge.right);
    // Training gives each merge the next id, so the next one is mostly right.
    TokenId whole = last_whole_ + 1;
    if (!vocabulary.Has(whole) || !IsJoined(vocabulary.Text(whole), merge)) {
      const std::string joined = std::string(merge.left) + std::string(merge.right);
      whole = vocabulary.Find(joined);
      if (whole == kNoToken) FailAbsent(merge, first_rank + index, joined);
    }
    last_whole_ = whole;
    wholes[index] = whole;
    keys[index] = Key(left, right);
    __builtin_prefetch(&slots_[Start(keys[index])]);
  }
  for (size_t index = 0; index < batch.size(); ++index) {
    Insert(keys[index], {static_cast<uint32_t>(first_rank + index), wholes[index]});
  }
}

void MergeTable::Insert(uint64_t key, Merge merge) noexcept {
  size_t at = Start(key);
  while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask_;
  slots_[at] = {key, merge};
}

}  // namespace hlwq::text
