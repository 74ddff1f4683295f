// The multipliers of interleaved rows: kLanes rows at a time.
#if defined(HLWQ_KERNELS_CPU_TILE_MULTIPLIERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_MULTIPLIERS_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_MULTIPLIERS_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_MULTIPLIERS_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "codec/trellis_block.h"
#include "hwy/highway.h"
#include "kernels/cpu/coded_matvec-inl.h"
#include "kernels/cpu/group_factors-inl.h"
#include "kernels/cpu/read_ahead.h"
#include "kernels/cpu/tile_arguments.h"
#include "kernels/cpu/tile_cells-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kMultipliersAhead = 2048;

// Of groups of 64 inputs, times that of the row.
class GroupMultipliers {
 public:
  static constexpr size_t kOfBlock = 2;

  explicit HWY_INLINE GroupMultipliers(const TileArguments& args) : args_(args) {}

  class OfTile {
   public:
    HWY_INLINE OfTile(const GroupMultipliers& all, size_t tile)
        : factors_(all.factors_),
          scales_(all.args_.multipliers + tile * all.args_.groups * kTileRows) {
      for (size_t r = 0; r < kTileRows; ++r) rows_[r] = all.args_.RowScale(tile, r);
    }
    HWY_INLINE VF operator()(size_t block, size_t half, size_t part) const {
      const size_t at = (block * kOfBlock + half) * kTileRows + part * kLanes;
      if (half == 0 && part == 0) AskFor(scales_ + at + kMultipliersAhead);
      return hn::Mul(factors_(scales_ + at), hn::Load(DF(), rows_ + part * kLanes));
    }

   private:
    const GroupFactors factors_;
    const uint8_t* HWY_RESTRICT scales_;
    alignas(64) float rows_[kTileRows];
  };
  HWY_INLINE OfTile Of(size_t tile) const { return OfTile(*this, tile); }

 private:
  const TileArguments& args_;
  const GroupFactors factors_;
};

// Norms of blocks, times the step of the levels.
class BlockMultipliers {
 public:
  static constexpr size_t kOfBlock = 1;

  explicit HWY_INLINE BlockMultipliers(const TileArguments& args) : args_(args) {}

  class OfTile {
   public:
    HWY_INLINE OfTile(const TileArguments& args, size_t tile)
        : norms_(args.multipliers + tile * args.blocks * kTileRows * kNormBytes),
          step_(hn::Set(DF(), args.levels->step)) {}
    HWY_INLINE VF operator()(size_t block, size_t /*half*/, size_t part) const {
      const size_t at = (block * kTileRows + part * kLanes) * kNormBytes;
      if (part == 0) AskFor(norms_ + at + kMultipliersAhead);
      return hn::Mul(LoadNorms16(norms_ + at), step_);
    }

   private:
    static constexpr size_t kNormBytes = 2;
    const uint8_t* HWY_RESTRICT norms_;
    const VF step_;
  };
  HWY_INLINE OfTile Of(size_t tile) const { return OfTile(args_, tile); }

 private:
  const TileArguments& args_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
