// Inputs of a matrix whose columns depend on each other, as those of models do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/support/portable_gaussian.h"

namespace hlwq::test {

// [tokens, columns]: a few directions that all columns share, and noise.
inline std::vector<float> CorrelatedInputs(size_t tokens, size_t columns, uint64_t seed = 1) {
  constexpr size_t kDirections = 12;
  const std::vector<float> directions = PortableGaussian(kDirections * columns, 1, seed);
  const std::vector<float> variates =
      PortableGaussian(tokens * (columns + kDirections), 1, seed + 1);
  auto normal = variates.begin();
  std::vector<float> inputs(tokens * columns);
  for (size_t token = 0; token < tokens; ++token) {
    float* row = inputs.data() + token * columns;
    for (size_t column = 0; column < columns; ++column) row[column] = 0.3f * *normal++;
    for (size_t direction = 0; direction < kDirections; ++direction) {
      const float amount = *normal++;
      for (size_t column = 0; column < columns; ++column) {
        row[column] += amount * directions[direction * columns + column];
      }
    }
  }
  return inputs;
}

}  // namespace hlwq::test
