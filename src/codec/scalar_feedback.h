// Feedback within a block of columns, for codecs that round each coordinate by itself.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "codec/feedback.h"

namespace hlwq::codec {

// Column after column of `rows` rows: quantize(row, column, target) gives the coded value. `coordinates`
// and `errors` begin at the block and have `stride` columns a row; `targets` is [rows, kBlockSize].
template <typename Quantize>
void CodeScalars(const FeedbackBlock& block, size_t rows, size_t stride, const float* coordinates,
                 std::span<const float> targets, float* errors, Quantize quantize) {
  for (size_t row = 0; row < rows; ++row) {
    std::array<float, kBlockSize> target;
    std::copy_n(targets.begin() + static_cast<ptrdiff_t>(row * kBlockSize), kBlockSize,
                target.begin());
    for (size_t column = 0; column < block.width; ++column) {
      const size_t at = row * stride + column;
      const float error = coordinates[at] - quantize(row, column, target[column]);
      errors[at] = error;
      const float* u = block.within.data() + column * kBlockSize;
      for (size_t later = column + 1; later < block.width; ++later) {
        target[later] += error * u[later];
      }
    }
  }
}

}  // namespace hlwq::codec
