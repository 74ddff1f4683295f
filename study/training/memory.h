// How much memory a training step takes, told before it is tried.
#pragma once

#include <cstddef>
#include <cstdint>

#include "study/net/net.h"

namespace hlwq::study {

struct StepMemory {
  uint64_t fixed_bytes = 0;   // weights, gradients, moments, averages
  uint64_t window_bytes = 0;  // of each window of a part of a batch: what the backward pass wants
};

// An estimate from the shapes, on the side of too much: with what the allocator keeps for itself, half as much again
// as the tensors have. Measured on the preset laptop, batches of 8, 32 and 128: 11.4 to 11.8 MiB a window of the 15.6 that
// this says. The 190 MiB of libtorch and the program are there before, and are not counted.
StepMemory EstimateStep(const NetOptions& options, size_t parameters, bool has_averages) noexcept;

// Throws Error{kInvalidArgument} where a step of `batch` windows in `accumulation` parts does not fit into
// `available_bytes`, naming the parts that would: the result is the same, the memory less.
void CheckFits(const StepMemory& memory, size_t batch, size_t accumulation,
               uint64_t available_bytes);

}  // namespace hlwq::study
