// The definition of products with interleaved rows, for the target without vectors.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/group_scale.h"
#include "codec/trellis_block.h"
#include "codec/trellis_table.h"
#include "kernels/cpu/tile_arguments.h"
#include "kernels/dot_levels.h"
#include "tensor/float16.h"

namespace hlwq::kernels {

// The integer levels of a block of one row of a tile.
using BlockIntegers = std::array<int, codec::kBlockSize>;

inline int IntegerAt(const DotLevels& levels, size_t index) {
  return levels.width == DotWidth::kNarrow ? levels.narrow[index] - DotLevels::kOffset
                                           : levels.wide[index];
}

// One half of it may be there alone.
inline BlockIntegers TrellisTileIntegers(const uint8_t* block, size_t halves, size_t row,
                                         const DotLevels& levels) {
  const int bits = levels.bits - 1;
  std::array<std::byte, codec::TrellisBlockBytes(codec::kMaxTrellisBits)> room = {};
  const std::span of_row = std::span(room).first(codec::TrellisBlockBytes(bits));
  const std::span stored = of_row.first(of_row.size() / 2 * halves);
  codec::TakeTileRow({reinterpret_cast<const std::byte*>(block), kTileRows * stored.size()}, row,
                     stored);
  std::array<uint8_t, codec::kBlockSize> numbers;
  codec::UnpackTrellisBlock(of_row, bits, numbers);
  BlockIntegers integers;
  for (size_t i = 0; i < integers.size(); ++i) {
    const size_t subset = numbers[i] % codec::kTrellisSubsets;
    integers[i] = IntegerAt(levels, subset << (bits - 1) | numbers[i] / codec::kTrellisSubsets);
  }
  return integers;
}

inline BlockIntegers CodedTileIntegers(const uint8_t* block, size_t row, const DotLevels& levels) {
  const size_t cell_bytes = TileBlockBytes(levels.bits) / codec::kCellsPerBlock;
  BlockIntegers integers;
  for (size_t i = 0; i < integers.size(); ++i) {
    const size_t input = i % kCellInputs;
    size_t index = 0;
    for (const codec::TrellisPlane& plane : codec::PlanesOf(levels.bits + 1)) {
      if (plane.width == 0) continue;
      const unsigned byte = block[i / kCellInputs * cell_bytes + PlainPlaneByte(plane, input) +
                                  row * codec::kTileWordBytes];
      const unsigned field = byte >> plane.ShiftOf(input % codec::kPlaneSteps);
      index |= (field & ((1u << plane.width) - 1)) << plane.low_bit;
    }
    integers[i] = IntegerAt(levels, index);
  }
  return integers;
}

// The products of half a block with activations in the order of tiles.
template <typename Activation>
int32_t DotHalf(const BlockIntegers& integers, size_t half, const Activation* activations) {
  int32_t sum = 0;
  for (size_t i = 64 * half; i < 64 * (half + 1); ++i) {
    const size_t cell = i / kCellInputs * kCellInputs, input = i % kCellInputs;
    sum += integers[i] * activations[cell + input % 8 * 4 + input / 8];
  }
  return sum;
}

inline int32_t DotHalf(const BlockIntegers& integers, size_t half, const MatVecInput& input,
                       DotWidth width, size_t block) {
  const size_t first = block * codec::kBlockSize;
  return width == DotWidth::kNarrow
             ? DotHalf(integers, half, static_cast<const int8_t*>(input.activations) + first)
             : DotHalf(integers, half, static_cast<const int16_t*>(input.activations) + first);
}

// The product of a row of the tiles with a token, before the scale of the activations.
struct TrellisTileRow {
  static float OfBlock(const TileArguments& args, const MatVecInput& input, size_t row,
                       size_t block) {
    const size_t tile = row / kTileRows, r = row % kTileRows;
    const size_t halves = std::min<size_t>(2, args.groups - 2 * block);
    const uint8_t* codes =
        args.codes + tile * args.tile_bytes + block * TileBlockBytes(args.levels->bits - 1);
    const auto integers = TrellisTileIntegers(codes, halves, r, *args.levels);
    const uint8_t* scales = args.multipliers + (tile * args.groups + 2 * block) * kTileRows + r;
    const float row_scale = args.RowScale(tile, r);
    float sum = 0;
    for (size_t half = 0; half < halves; ++half) {
      const int32_t dot = DotHalf(integers, half, input, args.levels->width, block);
      const float factor = codec::GroupFactor(scales[half * kTileRows]);
      sum += static_cast<float>(dot) * (factor * row_scale);
    }
    return sum;
  }
};

struct CodedTileRow {
  static float OfBlock(const TileArguments& args, const MatVecInput& input, size_t row,
                       size_t block) {
    const size_t at = row / kTileRows * args.blocks + block, r = row % kTileRows;
    const auto integers =
        CodedTileIntegers(args.codes + at * TileBlockBytes(args.levels->bits), r, *args.levels);
    uint16_t norm;
    std::memcpy(&norm, args.multipliers + (at * kTileRows + r) * sizeof(norm), sizeof(norm));
    const int32_t dot = DotHalf(integers, 0, input, args.levels->width, block) +
                        DotHalf(integers, 1, input, args.levels->width, block);
    return static_cast<float>(dot) * (F16ToF32(norm) * args.levels->step);
  }
};

template <class Row>
void ScalarTiles(const TileArguments& args) {
  for (size_t token = 0; token < args.tokens; ++token) {
    const MatVecInput& input = args.inputs[token];
    for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
      float sum = 0;
      for (size_t block = 0; block < args.blocks; ++block) {
        sum += Row::OfBlock(args, input, args.first_row + row, block) * input.scales[block];
      }
      args.y[token * args.y_stride + row] = sum;
    }
  }
}

}  // namespace hlwq::kernels
