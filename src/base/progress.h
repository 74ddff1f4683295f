// How long operations tell their caller where they are. Libraries never print.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace hlwq {

struct ProgressUpdate {
  std::string_view item;  // the tensor in work; valid during the call only
  uint64_t tensors_done = 0;
  uint64_t tensors_total = 0;
  uint64_t bytes_done = 0;  // source bytes
  uint64_t bytes_total = 0;
  uint64_t bytes_skipped = 0;  // of bytes_done: found complete from an earlier run
};

// Called from one thread at a time, often: the callee limits its own rate. May be empty.
using ProgressCallback = std::function<void(const ProgressUpdate&)>;

// The same for work that takes tokens.
struct TokenProgress {
  uint64_t tokens_done = 0;
  uint64_t tokens_total = 0;
  std::string_view note;  // what is known so far ("perplexity 17.4"); valid during the call only
};
using TokenProgressCallback = std::function<void(const TokenProgress&)>;

}  // namespace hlwq
