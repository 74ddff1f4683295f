#include "kernels/tile_codes.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "codec/bitpack.h"
#include "codec/group_scale.h"
#include "codec/hadamard.h"
#include "codec/trellis_block.h"

namespace hlwq::kernels {
namespace {

constexpr size_t kNormBytes = 2;

constexpr size_t kVectorBytes = 4 * kTileRows;
constexpr size_t kCells = codec::kBlockSize / kCellInputs;

// Writes the index planes of one row of a block, 128 indices of `bits` bits, from vector `first_vector`
// of each of the cells of `cell_bytes` on. The bytes of other rows are left.
void PutIndices(std::span<const uint8_t> indices, int bits, size_t first_vector, size_t row,
                size_t cell_bytes, std::span<std::byte> tile_block) {
  size_t vector = first_vector;
  int low = 0;
  for (const int width : {4, 2, 1}) {
    if ((bits & width) == 0) continue;
    const size_t fields = static_cast<size_t>(4 / width);
    for (size_t cell = 0; cell < indices.size() / kCellInputs; ++cell) {
      std::byte* const words =
          tile_block.data() + cell * cell_bytes + vector * kVectorBytes + 4 * row;
      for (size_t v = 0; v < static_cast<size_t>(width); ++v) {
        for (size_t q = 0; q < 4; ++q) {
          unsigned byte = 0;
          for (size_t field = 0; field < fields; ++field) {
            for (size_t h = 0; h < 2; ++h) {
              const size_t input = 8 * q + v * fields + field + 4 * h;
              const unsigned index = indices[cell * kCellInputs + input];
              byte |= (index >> low & ((1u << width) - 1))
                      << (static_cast<size_t>(width) * field + 4 * h);
            }
          }
          words[v * kVectorBytes + q] = static_cast<std::byte>(byte);
        }
      }
    }
    vector += static_cast<size_t>(width);
    low += width;
  }
}

// Calls put(row, block, at, to) for the rows of a tile and their blocks: `at` counts blocks of the
// matrix, `to` is the block of the tile.
template <class Matrix, class Put>
void ForEachBlock(const Matrix& w, size_t tile, std::span<std::byte> codes, Put put) {
  const size_t blocks = w.blocks(), first = tile * kTileRows;
  const size_t rows = std::min<size_t>(kTileRows, w.shape.out - first);
  const size_t block_bytes = codes.size() / blocks;
  if (rows < kTileRows) std::ranges::fill(codes, std::byte{0});
  for (size_t block = 0; block < blocks; ++block) {
    for (size_t row = 0; row < rows; ++row) {
      put(row, block, (first + row) * blocks + block,
          codes.subspan(block * block_bytes, block_bytes));
    }
  }
}

}  // namespace

bool CanTile(const CodedMatrix& w) noexcept {
  return (w.levels->bits == 4 || w.levels->bits == 5) && w.norm_dtype == DType::kF16;
}

TileBytes TileBytesOf(const CodedMatrix& w) noexcept {
  return {.codes = w.blocks() * TileBlockBytes(w.levels->bits),
          .multipliers = w.blocks() * kTileRows * kNormBytes};
}

TileBytes TileBytesOf(const TrellisMatrix& w) noexcept {
  return {.codes = w.blocks() * TileBlockBytes(w.bits()),
          .multipliers = w.blocks() * codec::kGroupsPerBlock * kTileRows};
}

void TileRows(const CodedMatrix& w, size_t tile, std::span<std::byte> codes,
              std::span<std::byte> norms) noexcept {
  const int bits = w.levels->bits;
  const size_t block_bytes = codec::PackedBlockBytes(w.order, bits);
  std::ranges::fill(norms, std::byte{0});
  ForEachBlock(w, tile, codes, [&](size_t row, size_t block, size_t at, std::span<std::byte> to) {
    std::array<uint8_t, codec::kBlockSize> indices;
    codec::UnpackBlock(w.order, bits, w.packed.subspan(at * block_bytes, block_bytes), indices);
    PutIndices(indices, bits, 0, row, to.size() / kCells, to);
    std::memcpy(norms.data() + (block * kTileRows + row) * kNormBytes,
                w.norms.data() + at * kNormBytes, kNormBytes);
  });
}

void TileRows(const TrellisMatrix& w, size_t tile, std::span<std::byte> codes,
              std::span<std::byte> scales) noexcept {
  std::ranges::fill(scales, std::byte{codec::kZeroGroup});
  ForEachBlock(w, tile, codes, [&](size_t row, size_t block, size_t at, std::span<std::byte> to) {
    const auto stored = w.codes.subspan(at * w.block_bytes(), w.block_bytes());
    const size_t cell_bytes = to.size() / kCells;
    for (size_t cell = 0; cell < kCells; ++cell) {  // the path words lie first in a block
      std::memcpy(to.data() + cell * cell_bytes + 4 * row, stored.data() + 4 * cell, 4);
    }
    std::array<uint8_t, codec::kBlockSize> numbers;
    codec::UnpackTrellisBlock(stored, w.bits(), numbers);
    for (uint8_t& number : numbers) number /= codec::kTrellisSubsets;
    PutIndices(numbers, w.bits() - 1, 1, row, cell_bytes, to);
    for (size_t group = 0; group < codec::kGroupsPerBlock; ++group) {
      scales[(codec::kGroupsPerBlock * block + group) * kTileRows + row] =
          w.scales[codec::kGroupsPerBlock * at + group];
    }
  });
}

}  // namespace hlwq::kernels
