// How the codes of 16 rows are interleaved.
//
// A tile is 16 rows; the last one of a matrix may have rows of zeros after its own. It holds, for
// each block of 128 inputs in order, four cells of 32 inputs. A cell is as many vectors of 64 bytes
// as a weight has bits; in all of them the bytes 4 r .. 4 r + 3 are those of row r. Of the trellis
// code the first vector is path bits: bit t of the little-endian word of a row is that of input t. The
// vectors after it, or all of them, are planes of the index, low bits first, of 4, 2 or 1 bits, as many
// vectors as bits: 2 = 2, 3 = 2 + 1, 5 = 4 + 1. Byte 4 r + q of a plane of w bits serves the inputs
// 8 q + s, s = 0..7: that of s = p + 4 h, p < 4, is in vector p w / 4 at bit w (p mod (4 / w)) + 4 h.
#pragma once

#include <cstddef>

namespace hlwq::kernels {

inline constexpr size_t kTileRows = 16;
inline constexpr size_t kCellInputs = 32;

// Bytes of 16 rows of a block.
constexpr size_t TileBlockBytes(int bits) noexcept { return 256 * static_cast<size_t>(bits); }

}  // namespace hlwq::kernels
