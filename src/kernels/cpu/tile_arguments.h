// What products with interleaved rows hand to their kernels, the same for every target.
#pragma once

#include "kernels/cpu/matvec_arguments.h"
#include "kernels/tile_matmul.h"

namespace hlwq::kernels {

// Of both codes.
struct TileArguments : MatVecTokens {
  const DotLevels* levels = nullptr;
  const uint8_t* codes = nullptr;
  const uint8_t* multipliers = nullptr;  // scales of groups, or norms of blocks
  std::span<const std::byte> row_scales;
  size_t blocks = 0;      // of a row
  uint64_t num_rows = 0;  // of the matrix
  RowRange rows;

  // As of MatVecTokens, with activations in the order of tiles.
  void Set(const RotatedInputs& from, TokenRange range, DotWidth width) noexcept {
    MatVecTokens::Set(from, range, width);
    for (size_t token = 0; token < tokens; ++token) {
      const size_t at = range.begin + token;
      inputs[token].activations = width == DotWidth::kNarrow
                                      ? static_cast<const void*>(from.narrow_tiles(at))
                                      : from.wide_tiles(at);
    }
  }
};

}  // namespace hlwq::kernels
