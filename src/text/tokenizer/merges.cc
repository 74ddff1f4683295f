#include "text/tokenizer/merges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "base/error.h"

namespace hlwq::text {
namespace {

// Merges resolved together: the look-ups of one wait for memory while the others are on their way.
constexpr size_t kBatch = 16;

[[noreturn]] void FailAbsent(const MergeText& merge, size_t rank, std::string_view part) {
  throw Error(ErrorCode::kInvalidData,
              "model: merge " + std::to_string(rank) + " ('" + std::string(merge.left) + " " +
                  std::string(merge.right) + "'): '" + std::string(part) +
                  "' is not in the vocabulary");
}

bool IsJoined(std::string_view whole, const MergeText& parts) noexcept {
  return whole.size() == parts.left.size() + parts.right.size() && whole.starts_with(parts.left) &&
         whole.ends_with(parts.right);
}

}  // namespace

MergeTable::MergeTable(std::span<const MergeText> merges, const Vocabulary& vocabulary) {
  const size_t slots = std::bit_ceil(std::max<size_t>(2 * merges.size(), 2));
  slots_.resize(slots);
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);

  std::string joined;
  TokenId guess = kNoToken;
  for (size_t begin = 0; begin < merges.size(); begin += kBatch) {
    const size_t count = std::min(kBatch, merges.size() - begin);
    std::array<std::array<uint64_t, 2>, kBatch> hashes;
    for (size_t index = 0; index < count; ++index) {
      const MergeText& merge = merges[begin + index];
      hashes[index] = {Vocabulary::Hash(merge.left), Vocabulary::Hash(merge.right)};
      vocabulary.Prefetch(hashes[index][0]);
      vocabulary.Prefetch(hashes[index][1]);
    }
    for (size_t index = 0; index < count; ++index) {
      const size_t rank = begin + index;
      const MergeText& merge = merges[rank];
      const TokenId left = vocabulary.Find(merge.left, hashes[index][0]);
      if (left == kNoToken) FailAbsent(merge, rank, merge.left);
      const TokenId right = vocabulary.Find(merge.right, hashes[index][1]);
      if (right == kNoToken) FailAbsent(merge, rank, merge.right);
      // Training gives each merge the next id, so the next one is mostly right.
      TokenId whole = guess + 1;
      if (!vocabulary.Has(whole) || !IsJoined(vocabulary.Text(whole), merge)) {
        joined = merge.left;
        joined += merge.right;
        whole = vocabulary.Find(joined);
        if (whole == kNoToken) FailAbsent(merge, rank, joined);
      }
      guess = whole;
      Insert(Key(left, right), {static_cast<uint32_t>(rank), whole});
    }
  }
}

void MergeTable::Insert(uint64_t key, Merge merge) noexcept {
  size_t at = Start(key);
  while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask_;
  slots_[at] = {key, merge};
}

}  // namespace hlwq::text
