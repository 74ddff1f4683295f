// The Walsh-Hadamard transform of runs of 128 values.
#pragma once

#include <span>

namespace hlwq::kernels {

// codec::Fwht128 in place on each block of 128; values.size() is a multiple of 128, any alignment.
// The same bits on every target. Thread: safe.
void Fwht128Blocks(std::span<float> values) noexcept;

}  // namespace hlwq::kernels
