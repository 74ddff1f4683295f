// Guesses how a text goes on: as it did before, after the same tokens (prompt lookup decoding).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/sequence.h"

namespace hlwq::runtime {

// Of one text. Drafts are longer where earlier ones were accepted, and rare where they did not pay. Memory: some 50
// bytes a token. One caller at a time.
class PromptLookup {
 public:
  // The text goes on so.
  void Add(std::span<const TokenId> tokens);
  // The next tokens, if any, at most `most`. Valid until the next call.
  std::span<const TokenId> Draft(size_t most);
  // Of the tokens last drafted, so many came true; `paid`: they took less time than they saved. Before they are
  // added.
  void Learn(size_t drafted, size_t accepted, bool paid) noexcept;

 private:
  std::vector<TokenId> tokens_, draft_;
  std::unordered_map<uint64_t, uint32_t> last_;  // of some tokens in a row, where they ended last
  std::vector<uint32_t> earlier_;  // of those that end here, where they ended before; 0: nowhere
  size_t length_ = 3;              // of the next draft
  size_t misses_ = 0;              // of late
  size_t wait_until_ = 0;          // tokens_ has so many

  // How many tokens before both ends are equal.
  size_t CommonBefore(size_t end, size_t other) const noexcept;
};

}  // namespace hlwq::runtime
