#include "codec/trellis_block.h"

#include "base/error.h"

namespace hlwq::codec {

void PackTrellisBlock(std::span<const uint64_t, kGroupsPerBlock> paths,
                      std::span<const uint8_t, kBlockSize> levels, int bits,
                      std::span<std::byte> block) noexcept {
  HLWQ_DASSERT(block.size() == TrellisBlockBytes(bits));
  for (size_t i = 0; i < kTrellisPathBytes; ++i) {
    block[i] = static_cast<std::byte>(paths[i / 8] >> (i % 8 * 8));
  }
  std::array<uint8_t, kBlockSize> indices;
  for (size_t i = 0; i < kBlockSize; ++i) indices[i] = levels[i] / kTrellisSubsets;
  PackBlock(TrellisIndexOrder(bits), bits - 1, indices, block.subspan(kTrellisPathBytes));
}

void UnpackTrellisBlock(std::span<const std::byte> block, int bits,
                        std::span<uint8_t, kBlockSize> levels) noexcept {
  HLWQ_DASSERT(block.size() == TrellisBlockBytes(bits));
  UnpackBlock(TrellisIndexOrder(bits), bits - 1, block.subspan(kTrellisPathBytes), levels);
  for (size_t group = 0; group < kGroupsPerBlock; ++group) {
    uint64_t path = 0;
    for (size_t i = 0; i < 8; ++i) {
      path |= std::to_integer<uint64_t>(block[8 * group + i]) << (8 * i);
    }
    const TrellisSubsets subsets = SubsetsOf(path);
    for (size_t t = 0; t < kGroupSize; ++t) {
      uint8_t& level = levels[group * kGroupSize + t];
      const uint64_t subset = 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1);
      level = static_cast<uint8_t>(kTrellisSubsets * level + subset);
    }
  }
}

void DecodeTrellisBlock(std::span<const std::byte> block,
                        std::span<const std::byte, kGroupsPerBlock> scales, float row_scale,
                        const TrellisTable& table, std::span<float, kBlockSize> weights) noexcept {
  constexpr float kInverseBlock = 1.0f / kBlockSize;
  std::array<uint8_t, kBlockSize> levels;
  UnpackTrellisBlock(block, table.bits(), levels);
  for (size_t group = 0; group < kGroupsPerBlock; ++group) {
    const float multiplier = row_scale * GroupFactor(std::to_integer<uint8_t>(scales[group]));
    for (size_t i = group * kGroupSize; i < (group + 1) * kGroupSize; ++i) {
      weights[i] = multiplier * table.levels()[levels[i]];
    }
  }
  Fwht128(weights);
  for (float& weight : weights) weight *= kInverseBlock;
}

}  // namespace hlwq::codec
