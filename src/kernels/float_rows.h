// Dense 16-bit floats to float32 and back: the vector form of codec/float_rows.h, equal to it bit
// for bit.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace hlwq::kernels {

// `dtype` is F16, BF16 or F32 (else nothing is done); `in` holds out.size() elements of it. Any
// alignment; the buffers do not overlap. Thread: safe. Cost: memory bandwidth.
void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) noexcept;
void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) noexcept;

// True when no value is NaN or infinite.
bool AllFinite(std::span<const float> values) noexcept;

}  // namespace hlwq::kernels
