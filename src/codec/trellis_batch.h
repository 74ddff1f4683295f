// What the encoders of TrellisCodec share: the rows that are coded together, and the pieces of the parts
// that they fill.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/checked.h"
#include "base/error.h"
#include "codec/trellis_block.h"
#include "codec/trellis_codec.h"
#include "codec/trellis_tile.h"
#include "tensor/dtype.h"

namespace hlwq::codec {

[[noreturn]] inline void ThrowMisfit(const char* what, uint64_t rows, uint64_t in) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("codec hlwq-t: {} do not fit {} rows of {}", what, rows, in));
}

// Row parts of TrellisCodec, in the order of Parts().
enum TrellisPart : size_t { kCodes, kScales, kRows, kNumRowParts };

template <typename Byte>
bool PartsFit(std::span<const std::span<Byte>> parts, uint64_t rows, uint64_t in, int bits) {
  const uint64_t padded_rows = CeilDiv<uint64_t>(rows, kTileRows) * kTileRows;
  return parts.size() == kNumRowParts &&
         parts[kCodes].size() == padded_rows * TrellisRowBytes(in, bits) &&
         parts[kScales].size() == padded_rows * TrellisGroups(in) &&
         parts[kRows].size() == rows * kRowScaleBytes;
}

// The piece of a row part that holds the tile of a row.
template <typename Byte>
std::span<Byte> TileOf(std::span<Byte> part, uint64_t row, size_t tile_bytes) {
  return part.subspan(row / kTileRows * tile_bytes, tile_bytes);
}

// Rows that are coded together.
struct TrellisCodec::Batch {
  uint64_t first_row = 0;  // of the matrix
  uint64_t in = 0;
  uint64_t blocks_per_row = 0;
  DType dtype = DType::kF32;
  std::span<const std::byte> weights;
  std::vector<float> v;
  std::vector<GroupShape> shapes;
  std::vector<float> row_scales;  // of each block
  std::vector<TrellisBlockSums> sums;
  std::vector<std::byte> codes;  // blocks in block form
  std::vector<std::byte> scales;

  void Resize(uint64_t rows, size_t block_bytes) {
    const size_t blocks = static_cast<size_t>(rows * blocks_per_row);
    v.resize(blocks * kBlockSize);
    shapes.resize(blocks * kGroupsPerBlock);
    row_scales.resize(blocks);
    sums.resize(blocks);
    codes.resize(blocks * block_bytes);
    scales.resize(blocks * kGroupsPerBlock);
  }
  // The weights of a block, without padding.
  std::span<const std::byte> Block(size_t index) const {
    const uint64_t row = index / blocks_per_row;
    const uint64_t column = index % blocks_per_row * kBlockSize;
    const size_t element = BitsPerElement(dtype) / 8;
    return weights.subspan((row * in + column) * element,
                           std::min<uint64_t>(kBlockSize, in - column) * element);
  }
  bool IsHalf(size_t index) const {
    return EndsInHalfBlock(in) && (index + 1) % blocks_per_row == 0;
  }
};

}  // namespace hlwq::codec
