// Random inputs of kernels.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace hlwq::test {

// Of N(0, 1); the same for the same seed.
inline std::vector<float> Gaussian(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) value = normal(random);
  return values;
}

}  // namespace hlwq::test
