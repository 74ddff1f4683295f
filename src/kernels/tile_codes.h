// Lays out plain codes in tiles (tile_layout.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/coded_matmul.h"
#include "kernels/tile_layout.h"

namespace hlwq::kernels {

// Whether a matrix can be multiplied as a TiledCodedMatrix: 4 or 5 bits, norms of F16.
bool CanTile(const CodedMatrix& w) noexcept;
// Bytes of one tile.
struct TileBytes {
  size_t codes = 0;
  size_t norms = 0;
};
TileBytes TileBytesOf(const CodedMatrix& w) noexcept;
// The bytes of one tile, as TiledCodedMatrix has them; rows beyond the last one are zeros. Requires
// CanTile. Cost: some hundred million weights a second. Thread: safe for different tiles.
void TileRows(const CodedMatrix& w, size_t tile, std::span<std::byte> codes,
              std::span<std::byte> norms) noexcept;

}  // namespace hlwq::kernels
