// The arguments of kernels/dense_matmul.h as pointers, for the functions of each target.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hlwq::kernels {

struct DenseArguments {
  const uint8_t* w = nullptr;  // the first row of the range
  size_t rows = 0, in = 0;
  const float* x = nullptr;
  size_t x_stride = 0, tokens = 1;
  float* y = nullptr;  // of the first row
  size_t y_stride = 0;
};

}  // namespace hlwq::kernels
