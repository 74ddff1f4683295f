#include "codec/trellis_tile.h"

#include <cstring>

#include "base/error.h"

namespace hlwq::codec {

void PutTileRow(std::span<const std::byte> blocks, size_t row, std::span<std::byte> tile) noexcept {
  HLWQ_DASSERT(row < kTileRows && tile.size() == kTileRows * blocks.size());
  std::byte* to = tile.data() + kTileWordBytes * row;
  for (size_t at = 0; at < blocks.size(); at += kTileWordBytes, to += kTileVectorBytes) {
    std::memcpy(to, blocks.data() + at, kTileWordBytes);
  }
}

void TakeTileRow(std::span<const std::byte> tile, size_t row,
                 std::span<std::byte> blocks) noexcept {
  HLWQ_DASSERT(row < kTileRows && tile.size() == kTileRows * blocks.size());
  const std::byte* from = tile.data() + kTileWordBytes * row;
  for (size_t at = 0; at < blocks.size(); at += kTileWordBytes, from += kTileVectorBytes) {
    std::memcpy(blocks.data() + at, from, kTileWordBytes);
  }
}

void PutTileScales(std::span<const std::byte> scales, size_t row,
                   std::span<std::byte> tile) noexcept {
  HLWQ_DASSERT(row < kTileRows && tile.size() == kTileRows * scales.size());
  for (size_t group = 0; group < scales.size(); ++group) {
    tile[group * kTileRows + row] = scales[group];
  }
}

void TakeTileScales(std::span<const std::byte> tile, size_t row,
                    std::span<std::byte> scales) noexcept {
  HLWQ_DASSERT(row < kTileRows && tile.size() == kTileRows * scales.size());
  for (size_t group = 0; group < scales.size(); ++group) {
    scales[group] = tile[group * kTileRows + row];
  }
}

}  // namespace hlwq::codec
