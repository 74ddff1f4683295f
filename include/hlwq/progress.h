// How long work tells its caller where it is, and is told to end.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
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

// Called from one thread at a time, not always the caller's, and often: the callee limits its own
// rate. May be empty. What it throws ends the work and reaches the caller.
using ProgressCallback = std::function<void(const ProgressUpdate&)>;

// What any long work takes.
struct Control {
  ProgressCallback on_progress = {};
  // Once a stop is requested, from any thread, the work ends within a few MiB of input and throws
  // Error{kCancelled}. What a conversion has done until then waits for OutputOptions::resume.
  std::stop_token stop = {};
};

}  // namespace hlwq
