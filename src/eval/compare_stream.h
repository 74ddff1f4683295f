// The streaming part of Compare: pairs of tensors, in order, in chunks of rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "codec/error_stats.h"

namespace hlwq::eval {

// Two tensors of one shape; both numbers, or both plain of one dtype.
struct ComparePair {
  const checkpoint::TensorEntry* first = nullptr;
  const checkpoint::TensorEntry* second = nullptr;
  bool is_number = true;  // false: compare stored bytes
};

struct PairOutcome {
  codec::ErrorStats errors;
  uint64_t different_bytes = 0;
  std::string problem;  // empty when all went well
};

struct CompareStreamOptions {
  int threads = 0;  // 0: all cores
  ProgressCallback progress;
};

// One outcome for each pair. Reads in order on one thread, decodes and compares on all, adds up in
// order: equal results for any number of threads. Errors of one pair end in its `problem`.
std::vector<PairOutcome> ComparePairs(const checkpoint::Checkpoint& first,
                                      const checkpoint::Checkpoint& second,
                                      std::span<const ComparePair> pairs,
                                      const CompareStreamOptions& options,
                                      const codec::Backend& backend);

}  // namespace hlwq::eval
