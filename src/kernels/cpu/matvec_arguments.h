// What products with one vector hand to their kernels, the same for every target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/bitpack.h"
#include "kernels/dot_levels.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::kernels {

struct MatVecArguments {
  codec::BitOrder order = codec::BitOrder::kMsb;
  const DotLevels* levels = nullptr;
  const uint8_t* packed = nullptr;
  size_t block_bytes = 0;
  const uint8_t* norms = nullptr;
  DType norm_dtype = DType::kF16;
  size_t blocks = 0;      // of a row
  uint64_t num_rows = 0;  // of the matrix
  RowRange rows;
  // Of the token, in the width of the levels; followed by zeros up to 16 blocks.
  const void* activations = nullptr;  // int8_t or int16_t
  const float* scales = nullptr;
  const int32_t* sums = nullptr;  // two a block
  float* y = nullptr;

  const uint8_t* Row(uint64_t row) const noexcept { return packed + row * blocks * block_bytes; }
  const uint8_t* RowNorms(uint64_t row) const noexcept {
    return norms + row * blocks * (norm_dtype == DType::kF16 ? 2 : 4);
  }
};

// The same of a trellis code.
struct TrellisMatVecArguments {
  const DotLevels* levels = nullptr;
  const uint8_t* codes = nullptr;
  size_t block_bytes = 0;
  const uint8_t* scales = nullptr;        // two bytes a block
  std::span<const std::byte> row_scales;  // of all rows
  size_t blocks = 0;                      // of a row
  uint64_t num_rows = 0;                  // of the matrix
  RowRange rows;
  // Of the token, as above.
  const void* activations = nullptr;
  const float* input_scales = nullptr;
  const int32_t* sums = nullptr;
  float* y = nullptr;
};

}  // namespace hlwq::kernels
