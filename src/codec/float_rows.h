// Dense 16- and 32-bit float data to float32 and back: scalar reference.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace hlwq::codec {

// `in` holds out.size() elements of F16, BF16 or F32, little-endian, any alignment. Exact.
// Throws Error{kUnsupported} for another dtype.
void ToFloatReference(DType dtype, std::span<const std::byte> in, std::span<float> out);

// To nearest, ties to even; beyond the largest half or bfloat16 to infinity; NaN stays NaN.
void FromFloatReference(std::span<const float> in, DType dtype, std::span<std::byte> out);

// Throws Error{kUnsupported} unless dtype is F16, BF16 or F32.
void CheckWeightFloat(DType dtype);

}  // namespace hlwq::codec
