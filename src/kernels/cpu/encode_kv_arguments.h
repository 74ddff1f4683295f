// What the target-specific part of encode_kv.cc is given.
#pragma once

#include <cstddef>

namespace hlwq::kernels {

inline constexpr size_t kKvEncodeTokens = 16;  // coded at a time

// Columns [head_dim][kKvEncodeTokens] of head_dim = rotations * rotation values.
struct KvColumns {
  int bits = 0;
  size_t rotations = 0, rotation = 0;
  size_t scaled = 0;        // that share a multiplier
  float largest_level = 0;  // of a code, where the deviation is 1; 2 to 4 bits
};

}  // namespace hlwq::kernels
