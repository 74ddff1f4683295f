// The vector implementation of codec::Backend, for the best instruction set of the running CPU.
#pragma once

#include "codec/backend.h"

namespace hlwq::kernels {

// Its codecs write the same bytes as the scalar reference and decode to the same bits, on every
// target. Thread: safe, lives as long as the program.
const codec::Backend& CpuBackend();

}  // namespace hlwq::kernels
