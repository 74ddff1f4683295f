// The definition of the integer products of the trellis code, for the target without vectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/trellis_block.h"
#include "kernels/dot_levels.h"

namespace hlwq::kernels {

// The integer levels of a block.
inline std::array<int, codec::kBlockSize> TrellisIntegers(const std::byte* block,
                                                          const DotLevels& levels) {
  const int bits = levels.bits - 1;
  std::array<uint8_t, codec::kBlockSize> numbers;
  codec::UnpackTrellisBlock({block, codec::TrellisBlockBytes(bits)}, bits, numbers);
  std::array<int, codec::kBlockSize> integers;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t subset = numbers[i] % codec::kTrellisSubsets;
    const size_t at = subset << (bits - 1) | numbers[i] / codec::kTrellisSubsets;
    integers[i] = levels.width == DotWidth::kNarrow ? levels.narrow[at] - DotLevels::kOffset
                                                    : levels.wide[at];
  }
  return integers;
}

// The product of one half of a block with the activations of the block.
template <typename Activation>
int32_t DotGroup(const std::array<int, codec::kBlockSize>& integers, size_t half,
                 const Activation* activations) {
  int32_t sum = 0;
  for (size_t i = codec::kGroupSize * half; i < codec::kGroupSize * (half + 1); ++i) {
    sum += integers[i] * activations[i];
  }
  return sum;
}

}  // namespace hlwq::kernels
