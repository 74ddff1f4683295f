#include "codec/trellis_block.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "codec/float_rows.h"
#include "codec/trellis_tile.h"

namespace hlwq::codec {
namespace {

constexpr float kInverseBlock = 1.0f / kBlockSize;

// The byte of a cell, in block form, that has a plane's bits of one of its inputs.
constexpr size_t PlaneByte(const TrellisPlane& plane, size_t input) {
  return plane.VectorOf(input % kPlaneSteps) * kTileWordBytes + input / kPlaneSteps;
}

}  // namespace

void PackTrellisBlock(std::span<const uint64_t, kGroupsPerBlock> paths,
                      std::span<const uint8_t, kBlockSize> levels, int bits,
                      std::span<std::byte> block) noexcept {
  HLWQ_DASSERT(block.size() == TrellisBlockBytes(bits));
  std::ranges::fill(block, std::byte{0});
  for (size_t cell = 0; cell < kCellsPerBlock; ++cell) {
    const std::span<std::byte> words =
        block.subspan(cell * TrellisCellBytes(bits), TrellisCellBytes(bits));
    const uint64_t path =
        paths[cell / kCellsPerGroup] >> (cell % kCellsPerGroup * kCellInputs) & 0xFFFF'FFFF;
    for (size_t i = 0; i < kTileWordBytes; ++i) words[i] = static_cast<std::byte>(path >> (8 * i));
    for (size_t i = 0; i < kCellInputs; ++i) {
      const uint32_t index = levels[cell * kCellInputs + i] / kTrellisSubsets;
      for (const TrellisPlane& plane : PlanesOf(bits)) {
        if (plane.width == 0) continue;
        const uint32_t field = index >> plane.low_bit & ((1u << plane.width) - 1);
        words[PlaneByte(plane, i)] |=
            static_cast<std::byte>(field << plane.ShiftOf(i % kPlaneSteps));
      }
    }
  }
}

void UnpackTrellisBlock(std::span<const std::byte> block, int bits,
                        std::span<uint8_t, kBlockSize> levels) noexcept {
  HLWQ_DASSERT(block.size() == TrellisBlockBytes(bits));
  std::array<uint64_t, kGroupsPerBlock> paths = {};
  for (size_t cell = 0; cell < kCellsPerBlock; ++cell) {
    const std::span<const std::byte> words =
        block.subspan(cell * TrellisCellBytes(bits), TrellisCellBytes(bits));
    for (size_t i = 0; i < kTileWordBytes; ++i) {
      paths[cell / kCellsPerGroup] |= std::to_integer<uint64_t>(words[i])
                                      << (cell % kCellsPerGroup * kCellInputs + 8 * i);
    }
    for (size_t i = 0; i < kCellInputs; ++i) {
      uint32_t index = 0;
      for (const TrellisPlane& plane : PlanesOf(bits)) {
        if (plane.width == 0) continue;
        const uint32_t field = std::to_integer<uint32_t>(words[PlaneByte(plane, i)]) >>
                                   plane.ShiftOf(i % kPlaneSteps) &
                               ((1u << plane.width) - 1);
        index |= field << plane.low_bit;
      }
      levels[cell * kCellInputs + i] = static_cast<uint8_t>(index);
    }
  }
  for (size_t group = 0; group < kGroupsPerBlock; ++group) {
    const TrellisSubsets subsets = SubsetsOf(paths[group]);
    for (size_t t = 0; t < kGroupSize; ++t) {
      uint8_t& level = levels[group * kGroupSize + t];
      const uint64_t subset = 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1);
      level = static_cast<uint8_t>(kTrellisSubsets * level + subset);
    }
  }
}

void TransformGroups(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                     std::span<GroupShape> shapes) {
  ToFloatReference(dtype, weights, v);
  for (size_t i = 0; i < v.size(); i += kBlockSize) {
    Fwht128(std::span<float, kBlockSize>(v.subspan(i, kBlockSize)));
  }
  for (size_t group = 0; group < shapes.size(); ++group) {
    shapes[group] =
        ShapeOf(std::span<const float, kGroupSize>(v.subspan(group * kGroupSize, kGroupSize)));
  }
}

void EncodeTrellisBlock(std::span<const float, kBlockSize> v,
                        std::span<const GroupShape, kGroupsPerBlock> shapes, float row_scale,
                        const TrellisTable& table, const TrellisSearch& search,
                        std::span<std::byte> block, std::span<std::byte, kGroupsPerBlock> scales,
                        TrellisBlockSums& sums) noexcept {
  std::array<uint64_t, kGroupsPerBlock> paths;
  std::array<uint8_t, kBlockSize> levels;
  std::array<float, kBlockSize> errors;
  for (size_t group = 0; group < kGroupsPerBlock; ++group) {
    const size_t first = group * kGroupSize;
    EncodedGroup out;
    EncodeGroup(std::span<const float, kGroupSize>(v.subspan(first, kGroupSize)), shapes[group],
                row_scale, table, search, out);
    paths[group] = out.path;
    scales[group] = std::byte{out.scale};
    sums.groups[group] = out.sums;
    const float multiplier = row_scale * GroupFactor(out.scale);
    for (size_t t = 0; t < kGroupSize; ++t) {
      levels[first + t] = out.levels[t];
      errors[first + t] = v[first + t] - multiplier * table.levels()[out.levels[t]];
    }
  }
  PackTrellisBlock(paths, levels, table.bits(), block);
  Fwht128(errors);
  sums.max_error = 0;
  for (const float error : errors) sums.max_error = std::max(sums.max_error, std::abs(error));
  sums.max_error *= kInverseBlock;
}

void DecodeTrellisBlock(std::span<const std::byte> block,
                        std::span<const std::byte, kGroupsPerBlock> scales, float row_scale,
                        const TrellisTable& table, std::span<float, kBlockSize> weights) noexcept {
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
