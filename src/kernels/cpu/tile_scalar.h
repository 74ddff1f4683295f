// The definition of products with interleaved rows, for the target without vectors.
#pragma once

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

// The bytes of one row of a cell.
class CellRow {
 public:
  CellRow(const uint8_t* cell, size_t row) : words_(cell + 4 * row) {}

  uint32_t Path() const {
    uint32_t path;
    std::memcpy(&path, words_, sizeof(path));
    return path;
  }
  // Of `bits` bits, whose planes begin at a vector.
  int Index(int bits, size_t first_vector, size_t input) const {
    const size_t q = input / 8, p = input % 4, h = input % 8 / 4;
    int index = 0, at = 0;
    for (const int width : {4, 2, 1}) {
      if ((bits & width) == 0) continue;
      const size_t fields = static_cast<size_t>(4 / width);
      const uint8_t byte = words_[(first_vector + p / fields) * 4 * kTileRows + q];
      const int bit = width * static_cast<int>(p % fields) + 4 * static_cast<int>(h);
      index |= (byte >> bit & ((1 << width) - 1)) << at;
      at += width;
      first_vector += static_cast<size_t>(width);
    }
    return index;
  }

 private:
  const uint8_t* words_;
};

// The integer levels of a block of one row of a tile.
using BlockIntegers = std::array<int, codec::kBlockSize>;

inline int IntegerAt(const DotLevels& levels, size_t index) {
  return levels.width == DotWidth::kNarrow ? levels.narrow[index] - DotLevels::kOffset
                                           : levels.wide[index];
}

inline BlockIntegers TrellisTileIntegers(const uint8_t* block, size_t row,
                                         const DotLevels& levels) {
  const int bits = levels.bits - 1;
  const size_t cell_bytes = TileBlockBytes(bits) / 4;
  BlockIntegers integers;
  for (size_t group = 0; group < codec::kGroupsPerBlock; ++group) {
    const CellRow cells[2] = {{block + 2 * group * cell_bytes, row},
                              {block + (2 * group + 1) * cell_bytes, row}};
    const codec::TrellisSubsets subsets =
        codec::SubsetsOf(cells[0].Path() | uint64_t{cells[1].Path()} << 32);
    for (size_t t = 0; t < codec::kGroupSize; ++t) {
      const auto index =
          static_cast<size_t>(cells[t / kCellInputs].Index(bits - 1, 1, t % kCellInputs));
      const size_t subset = 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1);
      integers[group * codec::kGroupSize + t] = IntegerAt(levels, subset << (bits - 1) | index);
    }
  }
  return integers;
}

inline BlockIntegers CodedTileIntegers(const uint8_t* block, size_t row, const DotLevels& levels) {
  const size_t cell_bytes = TileBlockBytes(levels.bits) / 4;
  BlockIntegers integers;
  for (size_t i = 0; i < integers.size(); ++i) {
    const CellRow cell(block + i / kCellInputs * cell_bytes, row);
    integers[i] =
        IntegerAt(levels, static_cast<size_t>(cell.Index(levels.bits, 0, i % kCellInputs)));
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

// The product of a row with a token, before the scale of the activations.
struct TrellisTileRow {
  static float OfBlock(const TileArguments& args, const MatVecInput& input, size_t row,
                       size_t block) {
    const size_t at = row / kTileRows * args.blocks + block, r = row % kTileRows;
    const auto integers = TrellisTileIntegers(
        args.codes + at * TileBlockBytes(args.levels->bits - 1), r, *args.levels);
    const float row_scale = codec::RowScaleAt(args.row_scales, row);
    float sum = 0;
    for (size_t half = 0; half < 2; ++half) {
      const int32_t dot = DotHalf(integers, half, input, args.levels->width, block);
      const uint8_t scale = args.multipliers[(2 * at + half) * kTileRows + r];
      sum += static_cast<float>(dot) * (codec::GroupFactor(scale) * row_scale);
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
        sum += Row::OfBlock(args, input, row, block) * input.scales[block];
      }
      args.y[token * args.y_stride + row] = sum;
    }
  }
}

}  // namespace hlwq::kernels
