// The order in which training sees the windows of a split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hlwq::study {

using TokenId = int32_t;

// Each epoch is a permutation of all whole windows, from the seed and its number alone: equal for all arms, and a
// place in it is a number to go on from. Thread: one caller at a time. Borrows the tokens.
class BatchOrder {
 public:
  // Throws Error{kInvalidArgument} where there is no whole window.
  BatchOrder(std::span<const TokenId> tokens, size_t length, uint64_t seed);

  size_t windows() const noexcept { return windows_; }
  // Appends windows number [first, first + count) of training, which goes on over epochs.
  void Append(uint64_t first, size_t count, std::vector<TokenId>& out);

 private:
  std::span<const TokenId> tokens_;
  size_t length_;
  size_t windows_;
  uint64_t seed_;
  uint64_t epoch_ = ~uint64_t{0};
  std::vector<uint32_t> order_;  // of epoch_

  void Shuffle(uint64_t epoch);
};

}  // namespace hlwq::study
