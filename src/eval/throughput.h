// How fast a model runs here, beside how fast this machine reads memory.
#pragma once

#include <cstdint>
#include <vector>

#include "base/progress.h"
#include "report/throughput.h"
#include "runtime/engine.h"

namespace hlwq::eval {

struct ThroughputOptions {
  size_t prompt_tokens = 512;  // of a prefill; 0 leaves it out
  size_t decode_tokens = 128;  // one at a time, from an empty context; 0 leaves it out
  std::vector<int> threads;    // numbers of threads to measure with; not empty
  std::vector<int> batches;    // numbers of sequences to decode at once; may be empty
  std::vector<int>
      depths;  // numbers of tokens that a sequence holds before; ascending, may be empty
  int repetitions = 5;
  uint64_t read_bytes = uint64_t{1} << 30;  // read of memory, or of the device, for its bandwidth
  double load_seconds = 0;                  // what opening the model took; reported
  runtime::KvFormat kv_format;
  TokenProgressCallback progress;  // counts measurements of a token each; may be empty
};

// Rounds go over the numbers of threads in turn. Throws as Engine::Feed and DeviceReader;
// Error{kInvalidArgument} for nothing to measure. Memory: the model, and `read_bytes` while
// measuring, unless the engine has an expert cache for a part of its experts.
report::ThroughputResult MeasureThroughput(runtime::Engine& engine,
                                           const ThroughputOptions& options);

}  // namespace hlwq::eval
