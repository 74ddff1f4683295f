#include "codec/hadamard.h"

#include <array>

namespace hlwq::codec {

void Fwht(std::span<float> block) noexcept {
  for (size_t distance = block.size() / 2; distance > 0; distance /= 2) {
    for (size_t pair = 0; pair < block.size(); pair += 2 * distance) {
      for (size_t i = pair; i < pair + distance; ++i) {
        const float a = block[i];
        const float b = block[i + distance];
        block[i] = a + b;
        block[i + distance] = a - b;
      }
    }
  }
}

void Fwht128(std::span<float, kBlockSize> block) noexcept { Fwht(block); }

float SumBlock(std::span<const float, kBlockSize> terms) noexcept {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> sums;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    float even = terms[lane];
    float odd = terms[lane + kLanes];
    for (size_t group = 2; group < kBlockSize / kLanes; group += 2) {
      even += terms[lane + kLanes * group];
      odd += terms[lane + kLanes * (group + 1)];
    }
    sums[lane] = even + odd;
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

}  // namespace hlwq::codec
