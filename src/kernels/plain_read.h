// Reading memory and nothing else: the measure that kernels bound by memory are held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hlwq::kernels {

// The sum of the little-endian 64-bit words, modulo 2^64, zeros filling up the last one. Any
// alignment. Use the result, or the compiler may drop the reading. Thread: safe. Cost: as fast as
// one core takes memory in.
uint64_t SumBytes(std::span<const std::byte> bytes) noexcept;

}  // namespace hlwq::kernels
