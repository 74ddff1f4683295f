// Tiles of decoded levels in the order in which products read them (tile_product-inl.h).
#if defined(HLWQ_KERNELS_CPU_LEVEL_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LEVEL_TILE_INL_H_
#undef HLWQ_KERNELS_CPU_LEVEL_TILE_INL_H_
#else
#define HLWQ_KERNELS_CPU_LEVEL_TILE_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/coded_matmul.h"
#include "kernels/cpu/block_levels-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/tile_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// Blocks of a tile: 16 KiB of levels, so that they stay in a first-level cache of 32 KiB while
// activations pass through it.
template <class Dot>
constexpr size_t kTileBlocks = 16384 / (kMatMulRows * kBlock * sizeof(typename Dot::Level));

// With kMultipliers of each row and block.
template <class Dot, size_t kMultipliers>
struct LevelTile {
  using Level = typename Dot::Level;
  static constexpr size_t kGroups = kMatMulRows / kGroupRows;
  // [block, group, step, vector, lane]
  alignas(64) Level levels[kTileBlocks<Dot> * kMatMulRows * kBlock];
  // [multiplier, row] of each block, times the step of the levels.
  alignas(64) float multipliers[kTileBlocks<Dot>][kMultipliers * kMatMulRows];

  static constexpr size_t At(size_t block, size_t group) {
    return (block * kGroups + group) * kGroupRows * kBlock;
  }
};

// Lane i of row j <-> lane j of row i.
HWY_INLINE void Transpose(VI (&rows)[kLanes]) {
  const hn::Repartition<int64_t, DI> d64;
  // In each 128-bit block: 4 x 4.
  for (size_t i = 0; i < kLanes; i += 4) {
    const auto low01 = hn::BitCast(d64, hn::InterleaveLower(DI(), rows[i], rows[i + 1]));
    const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(DI(), rows[i], rows[i + 1]));
    const auto low23 = hn::BitCast(d64, hn::InterleaveLower(DI(), rows[i + 2], rows[i + 3]));
    const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(DI(), rows[i + 2], rows[i + 3]));
    rows[i] = hn::BitCast(DI(), hn::InterleaveLower(d64, low01, low23));
    rows[i + 1] = hn::BitCast(DI(), hn::InterleaveUpper(d64, low01, low23));
    rows[i + 2] = hn::BitCast(DI(), hn::InterleaveLower(d64, high01, high23));
    rows[i + 3] = hn::BitCast(DI(), hn::InterleaveUpper(d64, high01, high23));
  }
  // The blocks: block j of row 4 i + k <-> block i of row 4 j + k.
#if HWY_TARGET <= HWY_AVX3
  for (size_t k = 0; k < 4; ++k) {
    const __m512i a = rows[k].raw, b = rows[4 + k].raw, c = rows[8 + k].raw, d = rows[12 + k].raw;
    const __m512i even_ab = _mm512_shuffle_i32x4(a, b, 0x88);
    const __m512i even_cd = _mm512_shuffle_i32x4(c, d, 0x88);
    const __m512i odd_ab = _mm512_shuffle_i32x4(a, b, 0xDD);
    const __m512i odd_cd = _mm512_shuffle_i32x4(c, d, 0xDD);
    rows[k] = VI{_mm512_shuffle_i32x4(even_ab, even_cd, 0x88)};
    rows[4 + k] = VI{_mm512_shuffle_i32x4(odd_ab, odd_cd, 0x88)};
    rows[8 + k] = VI{_mm512_shuffle_i32x4(even_ab, even_cd, 0xDD)};
    rows[12 + k] = VI{_mm512_shuffle_i32x4(odd_ab, odd_cd, 0xDD)};
  }
#else
  static_assert(kLanes <= 8);
  if constexpr (kLanes == 8) {
    for (size_t k = 0; k < 4; ++k) {
      const VI a = rows[k];
      const VI b = rows[4 + k];
      rows[k] = hn::ConcatLowerLower(DI(), b, a);
      rows[4 + k] = hn::ConcatUpperUpper(DI(), b, a);
    }
  }
#endif
}

// Decodes tiles of one matrix. `Source` says how it is stored (tile_source-inl.h).
template <class Source, class Dot>
class TileReader {
 public:
  using Level = typename Dot::Level;
  using Tile = LevelTile<Dot, Source::kMultipliers>;

  explicit HWY_INLINE TileReader(const typename Source::Matrix& w)
      : source_(w), levels_(*w.levels), bits_(w.levels->bits), row_blocks_(w.blocks()) {}

  // Rows [row, row + rows) and blocks [block, block + blocks) of each; rows at most kMatMulRows.
  // The groups that have no row are left as they are.
  HWY_ATTR void Read(size_t row, size_t rows, size_t block, size_t blocks, Tile& tile) const {
    switch (bits_) {
      case 1:
        return ReadCodes<1>(row, rows, block, blocks, tile);
      case 2:
        return ReadCodes<2>(row, rows, block, blocks, tile);
      case 3:
        return ReadCodes<3>(row, rows, block, blocks, tile);
      case 4:
        return ReadCodes<4>(row, rows, block, blocks, tile);
      case 5:
        return ReadCodes<5>(row, rows, block, blocks, tile);
      case 6:
        return ReadCodes<6>(row, rows, block, blocks, tile);
      case 7:
        return ReadCodes<7>(row, rows, block, blocks, tile);
      default:
        return ReadCodes<8>(row, rows, block, blocks, tile);
    }
  }

  // Asks for what Read will read: the rows of a tile are too many streams for the hardware to
  // follow.
  HWY_INLINE void Prefetch(size_t row, size_t rows, size_t block, size_t blocks) const {
    const size_t bytes = blocks * source_.block_bytes();
    for (size_t r = 0; r < rows; ++r) {
      const uint8_t* from = source_.BlockData((row + r) * row_blocks_ + block);
      for (size_t at = 0; at < bytes; at += 64) hwy::Prefetch(from + at);
      hwy::Prefetch(from + bytes - 1);
    }
  }

 private:
  template <int kBits>
  HWY_ATTR void ReadCodes(size_t row, size_t rows, size_t block, size_t blocks, Tile& tile) const {
    if constexpr (Source::Has(kBits, sizeof(Level) == 1)) {
      for (size_t i = 0; i < blocks; ++i) {
        source_.ReadMultipliers(row, rows, block + i, tile.multipliers[i]);
        for (size_t first = 0; first < rows; first += kLanes) {
          const size_t vector = first / kLanes % kTileVectors;
          Level* to =
              tile.levels + Tile::At(i, first / kGroupRows) + vector * kLanes * kPerLane<Dot>;
          ReadVector<kBits>(row + first, HWY_MIN(kLanes, rows - first), block + i, to);
        }
      }
    }
  }

  // One block of up to kLanes rows; a row that is missing is taken to be the last one again.
  template <int kBits>
  HWY_ATTR void ReadVector(size_t row, size_t rows, size_t block, Level* HWY_RESTRICT to) const {
    alignas(64) Level plain[kLanes][kBlock];
    for (size_t r = 0; r < kLanes; ++r) {
      const size_t at = (row + HWY_MIN(r, rows - 1)) * row_blocks_ + block;
      levels_.template Read<kBits>(source_.template Block<kBits>(at), plain[r]);
    }
    const hn::Repartition<Level, DI> d;
    for (size_t first = 0; first < kSteps<Dot>; first += kLanes) {
      VI steps[kLanes];
      for (size_t r = 0; r < kLanes; ++r) {
        steps[r] = hn::BitCast(DI(), hn::Load(d, plain[r] + first * kPerLane<Dot>));
      }
      Transpose(steps);
      for (size_t s = 0; s < kLanes; ++s) {
        hn::Store(hn::BitCast(d, steps[s]), d, to + (first + s) * kGroupRows * kPerLane<Dot>);
      }
    }
  }

  const Source source_;
  const BlockLevels levels_;
  const int bits_;
  const size_t row_blocks_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
