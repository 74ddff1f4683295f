// A block of the trellis codec in its block form, four cells of path bits and index values
// (codec/trellis_tile.h; docs/format.md, "Codec hlwq-t"): the scalar reference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/hadamard.h"
#include "codec/trellis_group.h"
#include "codec/trellis_table.h"
#include "tensor/dtype.h"
#include "tensor/float16.h"

namespace hlwq::codec {

// S of a row, from the BF16 values of all rows at any alignment.
inline constexpr size_t kRowScaleBytes = 2;
inline float RowScaleAt(std::span<const std::byte> row_scales, size_t row) noexcept {
  uint16_t bits;
  std::memcpy(&bits, row_scales.data() + row * kRowScaleBytes, kRowScaleBytes);
  return BF16ToF32(bits);
}

// `levels` are numbers of levels, below 2^(bits + 1), whose subsets (number mod 4) are those of the
// paths. `block` takes TrellisBlockBytes(bits).
void PackTrellisBlock(std::span<const uint64_t, kGroupsPerBlock> paths,
                      std::span<const uint8_t, kBlockSize> levels, int bits,
                      std::span<std::byte> block) noexcept;
// The numbers of the levels of any block.
void UnpackTrellisBlock(std::span<const std::byte> block, int bits,
                        std::span<uint8_t, kBlockSize> levels) noexcept;

// Sums over one block as stored.
struct TrellisBlockSums {
  std::array<GroupSums, kGroupsPerBlock> groups;
  float max_error = 0;  // largest |w - w'|, padding included
};

// v = Fwht128 of v.size() / 128 blocks of weights of `dtype` (F16, BF16 or F32), and the shapes of
// their groups.
void TransformGroups(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                     std::span<GroupShape> shapes);

// Codes a transformed block of a row of multiplier `row_scale`. Energies are finite.
void EncodeTrellisBlock(std::span<const float, kBlockSize> v,
                        std::span<const GroupShape, kGroupsPerBlock> shapes, float row_scale,
                        const TrellisTable& table, const TrellisSearch& search,
                        std::span<std::byte> block, std::span<std::byte, kGroupsPerBlock> scales,
                        TrellisBlockSums& sums) noexcept;

// weights = Fwht128(m * levels) / 128, m = row_scale * GroupFactor(scale) group by group.
void DecodeTrellisBlock(std::span<const std::byte> block,
                        std::span<const std::byte, kGroupsPerBlock> scales, float row_scale,
                        const TrellisTable& table, std::span<float, kBlockSize> weights) noexcept;

}  // namespace hlwq::codec
