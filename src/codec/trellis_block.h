// A stored block of the trellis codec: two path words and 128 index values (docs/format.md, "Trellis
// decoder"): the scalar reference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/hadamard.h"
#include "codec/trellis_table.h"

namespace hlwq::codec {

inline constexpr size_t kGroupsPerBlock = kBlockSize / kGroupSize;

// `levels` are numbers of levels, below 2^(bits + 1), whose subsets (number mod 4) are those of the
// paths. `block` takes TrellisBlockBytes(bits).
void PackTrellisBlock(std::span<const uint64_t, kGroupsPerBlock> paths,
                      std::span<const uint8_t, kBlockSize> levels, int bits,
                      std::span<std::byte> block) noexcept;
// The numbers of the levels of any block.
void UnpackTrellisBlock(std::span<const std::byte> block, int bits,
                        std::span<uint8_t, kBlockSize> levels) noexcept;

// weights = Fwht128(m * levels) / 128, m = row_scale * GroupFactor(scale) group by group.
void DecodeTrellisBlock(std::span<const std::byte> block,
                        std::span<const std::byte, kGroupsPerBlock> scales, float row_scale,
                        const TrellisTable& table, std::span<float, kBlockSize> weights) noexcept;

}  // namespace hlwq::codec
