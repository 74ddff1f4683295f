// What products with interleaved rows hand to their kernels, the same for every target.
#pragma once

#include "kernels/cpu/matvec_arguments.h"
#include "kernels/tile_matmul.h"

namespace hlwq::kernels {

// Of both codes. Activations are in the order of tiles.
struct TileArguments {
  size_t tokens = 0;
  MatVecInput inputs[kMostVectorTokens];
  float* y = nullptr;
  size_t y_stride = 0;  // from one token to the next
  const DotLevels* levels = nullptr;
  const uint8_t* codes = nullptr;
  const uint8_t* multipliers = nullptr;  // scales of groups, or norms of blocks
  std::span<const std::byte> row_scales;
  uint64_t num_rows = 0;
  size_t blocks = 0;
  RowRange rows;
};

}  // namespace hlwq::kernels
