// How fast a model runs here, beside how fast this machine reads memory.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/terminal_text.h"
#include "runtime/engine.h"
#include "tensor/dtype.h"

namespace hlwq::eval {

struct ThroughputOptions {
  size_t prompt_tokens = 512;  // of a prefill; 0 leaves it out
  size_t decode_tokens = 128;  // one at a time, from an empty context; 0 leaves it out
  std::vector<int> threads;    // numbers of threads to measure with; not empty
  std::vector<int> batches;    // numbers of sequences to decode at once; may be empty
  int repetitions = 5;
  uint64_t read_bytes = uint64_t{1} << 30;  // read of memory, or of the device, for its bandwidth
  double load_seconds = 0;                  // what opening the model took; reported
  DType cache_dtype = DType::kF16;
  TokenProgressCallback progress;  // counts measurements of a token each; may be empty
};

// Of several repetitions, in the order they were made.
struct Samples {
  std::vector<double> values;

  bool empty() const noexcept { return values.empty(); }
  // 0 for none.
  double Median() const;
  double Min() const noexcept;
  double Max() const noexcept;
};

// What decoding asked of an expert cache.
struct ExpertThroughput {
  Samples hit_rate;         // of the experts wanted
  Samples bytes_per_token;  // read from the device
  Samples waited;           // share of the time that waiting for reads took
  Samples device_read;      // bytes/s of the device, by itself
  Samples device_share;     // bytes that decoding read a second / device_read
};

// Several sequences that decode at once, each as long as the decoding of one.
struct BatchThroughput {
  int sequences = 0;
  Samples decode;  // tokens/s of all of them together
  Samples
      memory_share;  // weights that their passes read a second / plain_read, where that is measured
  Samples prefill_share;  // decode / prefill of the same repetition, where there is one
};

// With one number of threads. Each repetition measures these in turn, so that what slows the machine
// down for a while slows all of them, and the share is of figures of the same moment.
struct ThreadThroughput {
  int threads = 0;
  Samples prefill;           // tokens/s
  Samples decode;            // tokens/s
  Samples plain_read;        // bytes/s of memory; none where a cache bounds memory
  Samples decode_share;      // weights that decoding reads a second / plain_read
  ExpertThroughput experts;  // where a cache holds a part of them
  std::vector<BatchThroughput> batches;
};

struct ThroughputResult {
  ThroughputOptions options;
  std::string model_type;
  uint64_t parameters = 0;              // elements of all tensors
  uint64_t checkpoint_bytes = 0;        // of the files with tensors
  uint64_t weight_bytes_per_token = 0;  // that decoding reads
  double kv_bytes_per_token = 0;        // keys and values, mean over the decoded tokens
  double load_seconds = 0;              // opening the checkpoint, ready to run
  double first_token_seconds = 0;       // from there to the logits after a prompt of 8 tokens
  uint64_t resident_bytes = 0;          // the most so far after a first prefill and some decoding
  std::string experts;                  // how they are held, in words; empty: there are none
  std::vector<ThreadThroughput> threads;
};

// Rounds go over the numbers of threads in turn. Throws as Engine::Feed and DeviceReader;
// Error{kInvalidArgument} for nothing to measure. Memory: the model, and `read_bytes` while
// measuring, unless the engine has an expert cache for a part of its experts.
ThroughputResult MeasureThroughput(runtime::Engine& engine, const ThroughputOptions& options);

nlohmann::json ThroughputToJson(const ThroughputResult& result);
std::string ThroughputToText(const ThroughputResult& result, const TextLayout& layout);
// One line a number of threads and kind ("prefill", "decode", "read"), with a heading.
std::string ThroughputToCsv(const ThroughputResult& result);
std::string ThroughputToMarkdown(const ThroughputResult& result);

}  // namespace hlwq::eval
