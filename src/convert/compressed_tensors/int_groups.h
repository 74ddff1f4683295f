// How many weights share a scale in each matrix of a CompressedTensors checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::convert {

// What kernels of the engines take: groups of 128, 64 or 32 weights, outputs in multiples of 64.
inline constexpr uint64_t kIntOutMultiple = 64;

struct IntGroup {
  uint32_t size = 0;   // 0: the matrix keeps its dtype
  std::string reason;  // why, where a matrix that was asked for keeps its dtype; else empty
};

// For each tensor of `source`, in order: the largest group up to `max_group` that divides its rows, for
// the matrices that `is_wanted` marks. Matrices that engines fuse into one (q, k and v; gate and up; the two
// projections of a delta net; all experts of a layer) get the same group, or none of them gets one.
// Fused expert tensors are taken apart before.
std::vector<IntGroup> ChooseIntGroups(const checkpoint::Checkpoint& source,
                                      const std::vector<checkpoint::TensorSpec>& specs,
                                      const std::vector<bool>& is_wanted, uint32_t max_group);

}  // namespace hlwq::convert
