// Lays out codes in tiles (tile_layout.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/coded_matmul.h"
#include "kernels/tile_layout.h"
#include "kernels/trellis_matmul.h"

namespace hlwq::kernels {

// Whether a matrix can be multiplied as a TiledCodedMatrix: 4 or 5 bits, norms of F16.
bool CanTile(const CodedMatrix& w) noexcept;
// Bytes of one tile: of its codes, and of the norms of blocks or the scales of groups.
struct TileBytes {
  size_t codes = 0;
  size_t multipliers = 0;
};
TileBytes TileBytesOf(const CodedMatrix& w) noexcept;
TileBytes TileBytesOf(const TrellisMatrix& w) noexcept;
// The bytes of one tile, as TiledCodedMatrix and TiledTrellisMatrix have them; rows beyond the last one
// are zeros. The first requires CanTile. Cost: some hundred million weights a second. Thread: safe for
// different tiles.
void TileRows(const CodedMatrix& w, size_t tile, std::span<std::byte> codes,
              std::span<std::byte> norms) noexcept;
void TileRows(const TrellisMatrix& w, size_t tile, std::span<std::byte> codes,
              std::span<std::byte> scales) noexcept;

}  // namespace hlwq::kernels
