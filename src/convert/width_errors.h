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
  uint64_t bytes = 0;  // of all parts, whole tensor
  // Squared error over squared weights, of the rows that were measured; 0 for a tensor of zeros.
  double relative_error = 0;
};

struct WidthErrorOptions {
  codec::CodecSpec codec;   // `bits` is set to each width in turn
  std::vector<int> widths;  // rising
  // Of larger tensors, whole rows with about as many weights, evenly spread, are measured.
  uint64_t most_weights = 1 << 20;
  int threads = 0;
  ProgressCallback progress;
};

// For each of `tensors` (indices into source.tensors, matrices or fused experts) an entry for each
// width. Throws as Codec::EncodeRows and Backend::MakeCodec, naming the tensor. Results do not depend
// on the threads. Memory: a row a thread and its codes.
std::vector<std::vector<WidthError>> MeasureWidthErrors(const checkpoint::Checkpoint& source,
                                                        std::span<const size_t> tensors,
                                                        const WidthErrorOptions& options,
                                                        const codec::Backend& backend);

}  // namespace hlwq::convert
