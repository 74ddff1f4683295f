// Floats of 8 and 4 bits, as tables of their values.
#pragma once

#include <span>

#include "tensor/dtype.h"

namespace hlwq {

// What the codes of `dtype` stand for, in order: 256 values of an 8-bit float (OCP's E4M3, E5M2 and E8M0
// and AMD's FNUZ forms of the first two), 16 of F4 (E2M1). Empty for other types. Thread: safe.
std::span<const float> SmallFloatValues(DType dtype);

}  // namespace hlwq
