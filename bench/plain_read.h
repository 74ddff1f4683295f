// Reading memory and doing next to nothing with it: the limit for kernels bound by memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hlwq::bench {

// The sum of the 64-bit words, over the widest vectors of the running CPU. `bytes` is a multiple of
// 512 long and aligned to 64.
uint64_t SumOfWords(std::span<const std::byte> bytes) noexcept;

}  // namespace hlwq::bench
