// How rows of codes are interleaved by 16: as hlwq-t stores them (codec/trellis_tile.h). Plain codes are
// laid out in the same way when a model is opened, without a path: their cells hold the planes of an
// index as those of a trellis code of one bit more, but one vector earlier.
#pragma once

#include <cstddef>

#include "codec/trellis_tile.h"

namespace hlwq::kernels {

using codec::kCellInputs;
using codec::kTileRows;

// Bytes of 16 rows of a block.
constexpr size_t TileBlockBytes(int bits) noexcept { return codec::TrellisTileBytes(bits); }

// Where the bits of an index of plain codes are in a cell of a tile: the byte for an input, of row 0.
constexpr size_t PlainPlaneByte(const codec::TrellisPlane& plane, size_t input) noexcept {
  return (plane.VectorOf(input % codec::kPlaneSteps) - 1) * codec::kTileVectorBytes +
         input / codec::kPlaneSteps;
}

}  // namespace hlwq::kernels
