// How long operations of the boxes tell their caller where they are. Libraries never print.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "hlwq/progress.h"

namespace hlwq {

// As ProgressUpdate, for work that takes tokens.
struct TokenProgress {
  uint64_t tokens_done = 0;
  uint64_t tokens_total = 0;
  std::string_view note;  // what is known so far ("perplexity 17.4"); valid during the call only
};
using TokenProgressCallback = std::function<void(const TokenProgress&)>;

}  // namespace hlwq
