// What an answer may go on with, where not every token is right.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/sequence.h"

namespace hlwq::runtime {

// The state of one answer. One caller at a time.
class TokenFilter {
 public:
  virtual ~TokenFilter() = default;

  // Of the next token: bit i % 32 of word i / 32 says whether token i may come, [ceil(vocabulary / 32)].
  // Empty: each may. Throws Error{kInvalidData} where none may.
  virtual std::span<const uint32_t> Allowed() = 0;
  // It was chosen, of those allowed.
  virtual void Accept(TokenId token) = 0;
};

}  // namespace hlwq::runtime
