// What coding costs each tensor at every width: measured, not modelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "codec/backend.h"

namespace hlwq::convert {

struct WidthError {
  int bits = 0;
  uint64_t bytes = 0;  // of all parts, whole tensors
  // Squared error over squared weights, of the rows that were measured; 0 where all are zeros.
  double relative_error = 0;
};

struct WidthErrorOptions {
  codec::CodecSpec codec;   // `bits` is set to each width in turn
  std::vector<int> widths;  // rising
  // Of larger groups, whole rows with about as many weights are measured, evenly spread over the rows of
  // tensors and, where a row of each would be too many, over the tensors.
  uint64_t most_weights = 1 << 20;
  int threads = 0;
  ProgressCallback progress;
};

// For each group of tensors that get one width together (indices into source.tensors, matrices or fused
// experts; none is empty) an entry for each width. Throws as Codec::EncodeRows and Backend::MakeCodec,
// naming the tensor. Results do not depend on the threads. Memory: a row a thread and its codes. Cost:
// most_weights for each group at each width, however many tensors it has.
std::vector<std::vector<WidthError>> MeasureWidthErrors(const checkpoint::Checkpoint& source,
                                                        std::span<const std::vector<size_t>> groups,
                                                        const WidthErrorOptions& options,
                                                        const codec::Backend& backend);

}  // namespace hlwq::convert
