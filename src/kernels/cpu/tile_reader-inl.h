// Tiles of interleaved rows to those of products with many tokens (level_tile-inl.h): cells are in
// their order already.
#if defined(HLWQ_KERNELS_CPU_TILE_READER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_READER_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_READER_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_READER_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <utility>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/level_tile-inl.h"
#include "kernels/cpu/tile_arguments.h"
#include "kernels/cpu/tile_cells-inl.h"
#include "kernels/cpu/tile_multipliers-inl.h"
#include "kernels/cpu/tile_trellis-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// What Dot multiplies of the steps of a cell: one vector of bytes, or two of words.
template <class Cells, class Dot>
class StepLevels {
 public:
  explicit HWY_INLINE StepLevels(const DotLevels& levels) : table_(levels) {}

  template <size_t kStep>
  HWY_INLINE void Get(const typename Cells::Indices& indices,
                      VI (&levels)[4 / kPerLane<Dot>]) const {
    if constexpr (Cells::kVectors == 6) {
      table_.template Levels<kStep>(indices, levels);
    } else if constexpr (kPerLane<Dot> == 4) {
      levels[0] = hn::BitCast(DI(), table_.template Levels<kStep>(indices));
    } else {
      WidenPairs(table_.template Levels<kStep>(indices), levels);
    }
  }

 private:
  typename Cells::template Table<Dot> table_;
};

template <size_t kBits, bool kIsTrellis>
struct CellsOfBits {
  using Type = TrellisTileCells<kBits>;
};
template <size_t kBits>
struct CellsOfBits<kBits, false> {
  using Type = PlainCells<kBits>;
};
template <size_t kBits, bool kIsTrellis>
using CellsOf = typename CellsOfBits<kBits, kIsTrellis>::Type;

template <class Matrix_, class Dot>
class InterleavedReader {
 public:
  using Matrix = Matrix_;
  static constexpr bool kIsTrellis = std::is_same_v<Matrix, TrellisMatrix>;
  using Multipliers = std::conditional_t<kIsTrellis, GroupMultipliers, BlockMultipliers>;
  using Level = typename Dot::Level;
  using Tile = LevelTile<Dot, Multipliers::kOfBlock>;

  explicit HWY_INLINE InterleavedReader(const Matrix& w)
      : bits_(w.bits()), args_(TileArguments::Of(w)), multipliers_(args_) {}

  // Rows [row, row + rows) of the tiles, from the first one of a tile; rows at most kMatMulRows.
  HWY_ATTR void Read(size_t row, size_t rows, size_t block, size_t blocks, Tile& tile) const {
    switch (bits_) {
      case 2:
        return ReadCodes<2>(row, rows, block, blocks, tile);
      case 3:
        return ReadCodes<3>(row, rows, block, blocks, tile);
      case 4:
        return ReadCodes<4>(row, rows, block, blocks, tile);
      case 5:
        return ReadCodes<5>(row, rows, block, blocks, tile);
      default:
        return ReadCodes<6>(row, rows, block, blocks, tile);
    }
  }

  HWY_INLINE void Prefetch(size_t row, size_t rows, size_t block, size_t blocks) const {
    const size_t block_bytes = TileBlockBytes(bits_);
    for (size_t first = row; first < row + rows; first += kTileRows) {
      const uint8_t* from =
          args_.codes + first / kTileRows * args_.tile_bytes + block * block_bytes;
      for (size_t at = 0; at < blocks * block_bytes; at += 64) hwy::Prefetch(from + at);
    }
  }

 private:
  template <size_t kBits>
  HWY_ATTR void ReadCodes(size_t row, size_t rows, size_t block, size_t blocks, Tile& tile) const {
    // Six bits are wide, the others may be either.
    constexpr bool kIsThere =
        kIsTrellis ? kBits <= 5 || sizeof(Level) == 2 : kBits == 4 || kBits == 5;
    if (rows < kMatMulRows) {  // those that are missing are computed with, and dropped
      for (size_t i = 0; i < blocks; ++i) {
        for (float& multiplier : tile.multipliers[i]) multiplier = 0;
      }
    }
    if constexpr (kIsThere) {
      using Cells = CellsOf<kBits, kIsTrellis>;
      const StepLevels<Cells, Dot> steps(*args_.levels);
      for (size_t first = 0; first < rows; first += kTileRows) {
        const size_t of_rows = (row + first) / kTileRows;
        const auto multipliers = multipliers_.Of(of_rows);
        for (size_t i = 0; i < blocks; ++i) {
          const uint8_t* codes =
              args_.codes + of_rows * args_.tile_bytes + (block + i) * TileBlockBytes(kBits);
          // Of half a block the other levels stay what they are: their activations are zeros.
          const size_t halves = HWY_MIN(size_t{2}, args_.groups - 2 * (block + i));
          for (size_t part = 0; part < kTileParts; ++part) {
            const size_t at = first + part * kLanes;
            for (size_t half = 0; half < Multipliers::kOfBlock; ++half) {
              const VF multiplier =
                  half < halves ? multipliers(block + i, half, part) : hn::Zero(DF());
              hn::Store(multiplier, DF(), tile.multipliers[i] + half * kMatMulRows + at);
            }
            Level* const to = tile.levels + Tile::At(i, at / kGroupRows) +
                              at / kLanes % kTileVectors * kLanes * kPerLane<Dot>;
            ReadBlock<Cells>(steps, codes + part * 4 * kLanes, halves, to);
          }
        }
      }
    }
  }

  // Of kLanes rows.
  template <class Cells, class Steps>
  HWY_INLINE void ReadBlock(const Steps& steps, const uint8_t* HWY_RESTRICT codes, size_t halves,
                            Level* HWY_RESTRICT to) const {
    typename Cells::State state = Cells::Start();
    for (size_t cell = 0; cell < halves * codec::kCellsPerGroup; ++cell) {
      if (cell == codec::kCellsPerGroup) state = Cells::Start();  // a group begins
      const auto indices = Cells::Load(codes, state);
      StoreSteps(steps, indices, to, std::make_index_sequence<kCellSteps>());
      codes += Cells::kVectors * kVectorBytes;
      to += kCellSteps * kVectorsOfStep * kStepLevels;
    }
  }

  template <class Steps, class Indices, size_t... kStep>
  static HWY_INLINE void StoreSteps(const Steps& steps, const Indices& indices,
                                    Level* HWY_RESTRICT to, std::index_sequence<kStep...> /*all*/) {
    (StoreStep<kStep>(steps, indices, to + kStep * kVectorsOfStep * kStepLevels), ...);
  }
  template <size_t kStep, class Steps, class Indices>
  static HWY_INLINE void StoreStep(const Steps& steps, const Indices& indices,
                                   Level* HWY_RESTRICT to) {
    const hn::Repartition<Level, DI> d;
    VI levels[kVectorsOfStep];
    steps.template Get<kStep>(indices, levels);
    for (size_t v = 0; v < kVectorsOfStep; ++v) {
      hn::Store(hn::BitCast(d, levels[v]), d, to + v * kStepLevels);
    }
  }

  static constexpr size_t kVectorsOfStep = 4 / kPerLane<Dot>;
  static constexpr size_t kStepLevels = kGroupRows * kPerLane<Dot>;  // of what Dot calls a step

  const int bits_;
  const TileArguments args_;
  const Multipliers multipliers_;
};

// Sources as MatMulOf wants them (tile_source-inl.h).
template <class Matrix_>
struct InterleavedSource {
  using Matrix = Matrix_;
  template <class Dot>
  using Reader = InterleavedReader<Matrix, Dot>;
  static constexpr size_t kRowUnit = kTileRows;
  static size_t FirstRow(const Matrix& w) { return w.first_row; }
  static constexpr size_t kMultipliers = std::is_same_v<Matrix, TrellisMatrix> ? 2 : 1;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
