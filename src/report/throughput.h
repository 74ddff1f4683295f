// How many tokens a second a model reads and gives, and what the machine could do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/terminal_text.h"

namespace hlwq::report {

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
      memory_share;  // weights that their passes read a second / plain_read, where that is known
  Samples prefill_share;  // decode / prefill of the same repetition, where there is one
};

// One sequence that holds `depth` tokens already.
struct DepthThroughput {
  size_t depth = 0;
  double kv_bytes = 0;  // that a token reads there
  Samples prefill;      // tokens/s
  Samples decode;       // tokens/s
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
  std::vector<DepthThroughput> depths;
};

struct ThroughputResult {
  size_t prompt_tokens = 0;  // of a prefill
  size_t decode_tokens = 0;
  int repetitions = 0;
  std::string model_type;
  uint64_t parameters = 0;              // elements of all tensors
  uint64_t checkpoint_bytes = 0;        // of the files with tensors
  uint64_t weight_bytes_per_token = 0;  // that decoding reads
  double kv_bytes_per_token = 0;        // keys and values, mean over the decoded tokens
  std::string kv_format;                // how they are kept
  double kv_bytes_kept = 0;             // of them, that another token of a long sequence takes
  double load_seconds = 0;              // opening the checkpoint, ready to run
  double first_token_seconds = 0;       // from there to the logits after a prompt of 8 tokens
  uint64_t resident_bytes = 0;          // the most so far after a first prefill and some decoding
  std::string experts;                  // how they are held, in words; empty: there are none
  std::vector<ThreadThroughput> threads;
};

nlohmann::json ThroughputToJson(const ThroughputResult& result);
std::string ThroughputToText(const ThroughputResult& result, const TextLayout& layout);
// One line a number of threads and kind ("prefill", "decode", "read"), with a heading.
std::string ThroughputToCsv(const ThroughputResult& result);
std::string ThroughputToMarkdown(const ThroughputResult& result);

}  // namespace hlwq::report
