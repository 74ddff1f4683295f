// What products with interleaved rows hand to their kernels, the same for every target.
#pragma once

#include <type_traits>

#include "base/error.h"
#include "kernels/cpu/matvec_arguments.h"
#include "kernels/tile_matmul.h"

namespace hlwq::kernels {

// Of both codes.
struct TileArguments : MatVecTokens {
  const DotLevels* levels = nullptr;
  const uint8_t* codes = nullptr;
  size_t tile_bytes = 0;
  const uint8_t* multipliers = nullptr;  // scales of groups, or norms of blocks
  std::span<const std::byte> row_scales;
  size_t blocks = 0;      // of a row
  size_t groups = 0;      // of a row: two a block, or one in the last
  size_t first_row = 0;   // where the rows of the matrix begin in its tiles
  uint64_t num_rows = 0;  // of the matrix
  RowRange rows;

  template <class Matrix>
  static TileArguments Of(const Matrix& w) noexcept {
    TileArguments args;
    args.tile_bytes = w.groups() * (TileBlockBytes(w.bits()) / 2);
    HLWQ_DASSERT(w.codes.size() == w.tiles() * args.tile_bytes);
    args.levels = w.levels;
    args.codes = reinterpret_cast<const uint8_t*>(w.codes.data());
    args.blocks = w.blocks();
    args.groups = w.groups();
    args.first_row = w.first_row;
    args.num_rows = w.shape.out;
    if constexpr (std::is_same_v<Matrix, TrellisMatrix>) {
      HLWQ_DASSERT(w.scales.size() == w.tiles() * w.groups() * kTileRows);
      HLWQ_DASSERT(w.row_scales.size() == w.shape.out * codec::kRowScaleBytes);
      args.multipliers = reinterpret_cast<const uint8_t*>(w.scales.data());
      args.row_scales = w.row_scales;
    } else {
      HLWQ_DASSERT(w.norms.size() == w.tiles() * w.blocks() * kTileRows * 2);
      args.multipliers = reinterpret_cast<const uint8_t*>(w.norms.data());
    }
    return args;
  }
  // Of row r of a tile; 0 for one that is not of the matrix.
  float RowScale(size_t tile, size_t r) const noexcept {
    const size_t at = tile * kTileRows + r;
    const bool is_there = at >= first_row && at - first_row < num_rows;
    return is_there ? codec::RowScaleAt(row_scales, at - first_row) : 0.0f;
  }

  // As of MatVecTokens, with activations in the order of tiles, and the last token again up to kMostVectorTokens.
  void Set(const RotatedInputs& from, TokenRange range, DotWidth width) noexcept {
    MatVecTokens::Set(from, range, width);
    for (size_t token = 0; token < tokens; ++token) {
      const size_t at = range.begin + token;
      inputs[token].activations = width == DotWidth::kNarrow
                                      ? static_cast<const void*>(from.narrow_tiles(at))
                                      : from.wide_tiles(at);
    }
    std::fill(inputs + tokens, inputs + kMostVectorTokens, inputs[tokens - 1]);
  }
};

}  // namespace hlwq::kernels
