// Inputs of a matrix whose columns depend on each other, as those of models do.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace hlwq::test {

// [tokens, columns]: a few directions that all columns share, and noise.
inline std::vector<float> CorrelatedInputs(size_t tokens, size_t columns, unsigned seed = 1) {
  constexpr size_t kDirections = 12;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> directions(kDirections * columns);
  for (float& value : directions) value = normal(random);
  std::vector<float> inputs(tokens * columns);
  for (size_t token = 0; token < tokens; ++token) {
    float* row = inputs.data() + token * columns;
    for (size_t column = 0; column < columns; ++column) row[column] = 0.3f * normal(random);
    for (size_t direction = 0; direction < kDirections; ++direction) {
      const float amount = normal(random);
      for (size_t column = 0; column < columns; ++column) {
        row[column] += amount * directions[direction * columns + column];
      }
    }
  }
  return inputs;
}

}  // namespace hlwq::test
