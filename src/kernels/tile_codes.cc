#include "kernels/tile_codes.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/bitpack.h"
#include "codec/hadamard.h"

namespace hlwq::kernels {
namespace {

constexpr size_t kNormBytes = 2;

// Adds the indices of one row to the block of a tile, which has zeros there.
void PutIndices(std::span<const uint8_t, codec::kBlockSize> indices, int bits, size_t row,
                std::span<std::byte> tile_block) {
  const size_t cell_bytes = tile_block.size() / codec::kCellsPerBlock;
  for (const codec::TrellisPlane& plane : codec::PlanesOf(bits + 1)) {
    if (plane.width == 0) continue;
    const unsigned mask = (1u << plane.width) - 1;
    for (size_t i = 0; i < indices.size(); ++i) {
      const size_t input = i % kCellInputs;
      const size_t at =
          i / kCellInputs * cell_bytes + PlainPlaneByte(plane, input) + row * codec::kTileWordBytes;
      tile_block[at] |= static_cast<std::byte>((indices[i] >> plane.low_bit & mask)
                                               << plane.ShiftOf(input % codec::kPlaneSteps));
    }
  }
}

}  // namespace

bool CanTile(const CodedMatrix& w) noexcept {
  return (w.levels->bits == 4 || w.levels->bits == 5) && w.norm_dtype == DType::kF16;
}

TileBytes TileBytesOf(const CodedMatrix& w) noexcept {
  return {.codes = w.blocks() * TileBlockBytes(w.levels->bits),
          .norms = w.blocks() * kTileRows * kNormBytes};
}

void TileRows(const CodedMatrix& w, size_t tile, std::span<std::byte> codes,
              std::span<std::byte> norms) noexcept {
  const int bits = w.levels->bits;
  const size_t blocks = w.blocks(), first = tile * kTileRows;
  const size_t rows = std::min<size_t>(kTileRows, w.shape.out - first);
  const size_t block_bytes = codec::PackedBlockBytes(w.order, bits);
  const size_t tile_bytes = TileBlockBytes(bits);
  std::ranges::fill(codes, std::byte{0});
  std::ranges::fill(norms, std::byte{0});
  for (size_t block = 0; block < blocks; ++block) {
    for (size_t row = 0; row < rows; ++row) {
      const size_t at = (first + row) * blocks + block;
      std::array<uint8_t, codec::kBlockSize> indices;
      codec::UnpackBlock(w.order, bits, w.packed.subspan(at * block_bytes, block_bytes), indices);
      PutIndices(indices, bits, row, codes.subspan(block * tile_bytes, tile_bytes));
      std::memcpy(norms.data() + (block * kTileRows + row) * kNormBytes,
                  w.norms.data() + at * kNormBytes, kNormBytes);
    }
  }
}

}  // namespace hlwq::kernels
