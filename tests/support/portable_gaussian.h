// Normal variates that are the same on every system.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hlwq::test {

// By the polar method on splitmix64: those of the standard library differ between systems.
inline std::vector<float> PortableGaussian(size_t count, double sigma, uint64_t seed = 12345) {
  uint64_t state = seed;
  const auto uniform = [&state] {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53 * 2 - 1;
  };
  std::vector<float> values;
  while (values.size() < count) {
    const double a = uniform();
    const double b = uniform();
    const double s = a * a + b * b;
    if (s >= 1 || s == 0) continue;
    const double factor = sigma * std::sqrt(-2 * std::log(s) / s);
    values.push_back(static_cast<float>(a * factor));
    values.push_back(static_cast<float>(b * factor));
  }
  values.resize(count);
  return values;
}

}  // namespace hlwq::test
