// How hlwq-t stores codes (docs/format.md, "Trellis tiles"): tiles of 16 rows.
//
// A tile has for each block of 128 inputs, in order, 4 cells of 32 inputs; a cell is R vectors of 64
// bytes, of which bytes 4r .. 4r + 3 are the word of row r:
//
//   vector 0        path bits: bit t of the little-endian word belongs to input t of the cell
//   vectors 1..R-1  the planes of the R - 1 bits of index values, low bits first (PlanesOf)
//
// A row of which at most 64 inputs are left after its whole blocks ends in half a block: one group, two
// cells, a transform of 64.
//
// The words of one row in order, without those between, are the *block form*: 16 R bytes, in which
// encoders and decoders work. A tile's block is the transpose of 16 of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/hadamard.h"
#include "codec/trellis_table.h"

namespace hlwq::codec {

inline constexpr size_t kTileRows = 16;
inline constexpr size_t kTileWordBytes = 4;
inline constexpr size_t kTileVectorBytes = kTileRows * kTileWordBytes;
inline constexpr size_t kCellInputs = 32;
inline constexpr size_t kCellsPerBlock = kBlockSize / kCellInputs;
inline constexpr size_t kCellsPerGroup = kGroupSize / kCellInputs;
// Inputs that one byte of a plane serves.
inline constexpr size_t kPlaneSteps = 8;

// Bytes of a cell in the block form, and of a block of a tile.
constexpr size_t TrellisCellBytes(int bits) noexcept {
  return kTileWordBytes * static_cast<size_t>(bits);
}
constexpr size_t TrellisTileBytes(int bits) noexcept { return kTileRows * TrellisBlockBytes(bits); }
// Groups of a row, and its bytes in block form.
constexpr uint64_t TrellisGroups(uint64_t in) noexcept {
  return (in + kGroupSize - 1) / kGroupSize;
}
constexpr uint64_t TrellisRowBytes(uint64_t in, int bits) noexcept {
  return TrellisGroups(in) * (TrellisBlockBytes(bits) / kGroupsPerBlock);
}
constexpr bool EndsInHalfBlock(uint64_t in) noexcept {
  return TrellisGroups(in) % kGroupsPerBlock != 0;
}
// Half a block is coded and decoded as a block whose other half is zero: Fwht128 of (x, 0) is (h, h), h
// being the transform of x. So it has its row's multiplier twice where 1/128 follows, not 1/64.
inline constexpr float kHalfBlockScale = 2.0f;

// Some bits of the index values of a cell. Byte q of a plane's words belongs to inputs 8 q .. 8 q + 7,
// its steps.
struct TrellisPlane {
  size_t width = 0;    // bits of each index value, and vectors: 1, 2 or 4; 0: no plane
  size_t low_bit = 0;  // of the index value
  size_t vector = 0;   // the first one, in the cell

  // Where the bits of a step are.
  constexpr size_t VectorOf(size_t step) const noexcept { return vector + step % 4 * width / 4; }
  constexpr size_t ShiftOf(size_t step) const noexcept {
    return step % 4 * width % 4 + step / 4 * 4;
  }
};

// A second plane has width 0 where there is one only.
using TrellisPlanes = std::array<TrellisPlane, 2>;
constexpr TrellisPlanes PlanesOf(int bits) noexcept {
  TrellisPlanes planes;
  size_t low_bit = 0;
  size_t count = 0;
  for (const size_t width : {size_t{4}, size_t{2}, size_t{1}}) {
    if ((static_cast<size_t>(bits - 1) & width) == 0) continue;
    planes[count++] = {width, low_bit, 1 + low_bit};
    low_bit += width;
  }
  return planes;
}

// Row `row` of a tile, `blocks` in block form: any number of blocks, `tile` being kTileRows times as long.
void PutTileRow(std::span<const std::byte> blocks, size_t row, std::span<std::byte> tile) noexcept;
void TakeTileRow(std::span<const std::byte> tile, size_t row, std::span<std::byte> blocks) noexcept;

// The scales of a row, a byte a group; `tile` is [groups, kTileRows].
void PutTileScales(std::span<const std::byte> scales, size_t row,
                   std::span<std::byte> tile) noexcept;
void TakeTileScales(std::span<const std::byte> tile, size_t row,
                    std::span<std::byte> scales) noexcept;

}  // namespace hlwq::codec
