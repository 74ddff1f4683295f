// From a scaled coordinate to its nearest level and code, by LevelCells.
#if defined(HLWQ_KERNELS_CPU_LEVEL_FINDER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_LEVEL_FINDER_INL_H_
#undef HLWQ_KERNELS_CPU_LEVEL_FINDER_INL_H_
#else
#define HLWQ_KERNELS_CPU_LEVEL_FINDER_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/cpu/lookup-inl.h"
#include "kernels/level_cells.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

struct FoundLevel {
  VF level;
  VI code;
};

// For antisymmetric levels: half the table, by magnitude.
template <size_t kCells, size_t kLevels>
class MagnitudeFinder {
 public:
  explicit HWY_INLINE MagnitudeFinder(const LevelCells& cells)
      : thresholds_(cells.thresholds.get()),
        bases_(cells.bases.get()),
        levels_(cells.levels.get()),
        magic_(hn::Set(DF(), cells.magic)),
        high_(hn::Set(DF(), cells.high)),
        half_(hn::Set(DI(), static_cast<int32_t>(cells.level_count))) {}

  static bool Fits(const LevelCells& cells) {
    return cells.by_magnitude && cells.cell_count <= kCells && cells.level_count <= kLevels;
  }

  // Level and code of any value.
  HWY_INLINE FoundLevel Find(VF z) const {
    const VI number = Number(hn::Abs(z));
    const auto is_positive = hn::Gt(z, hn::Zero(DF()));
    const VF level = levels_(number);
    // Positive: half + number. Else half - 1 - number, that is half + ~number.
    const VI signed_number =
        hn::IfThenElse(hn::RebindMask(DI(), is_positive), number, hn::Not(number));
    return {hn::IfThenElse(is_positive, level, hn::Neg(level)), hn::Add(half_, signed_number)};
  }

 private:
  HWY_INLINE VI Number(VF magnitude) const {
    const VF z = hn::Min(magnitude, high_);
    const VI cell = hn::BitCast(DI(), hn::Add(z, magic_));
    const auto is_above = hn::RebindMask(DI(), hn::Gt(z, thresholds_(cell)));
    return hn::Sub(bases_(cell), hn::VecFromMask(DI(), is_above));
  }

  Lookup<float, kCells> thresholds_;
  Lookup<int32_t, kCells> bases_;
  Lookup<float, kLevels> levels_;
  VF magic_, high_;
  VI half_;
};

// For any levels: tables in memory.
class ValueFinder {
 public:
  explicit HWY_INLINE ValueFinder(const LevelCells& cells)
      : thresholds_(cells.thresholds.get()),
        bases_(cells.bases.get()),
        levels_(cells.levels.get()),
        magic_(hn::Set(DF(), cells.magic)),
        low_(hn::Set(DF(), cells.low)),
        high_(hn::Set(DF(), cells.high)),
        mask_(hn::Set(DI(), static_cast<int32_t>(cells.cell_count - 1))) {}

  HWY_INLINE FoundLevel Find(VF value) const {
    const VF z = hn::Max(hn::Min(value, high_), low_);
    const VI cell = hn::And(hn::BitCast(DI(), hn::Add(z, magic_)), mask_);
    const auto is_above = hn::RebindMask(DI(), hn::Gt(z, hn::GatherIndex(DF(), thresholds_, cell)));
    const VI code = hn::Sub(hn::GatherIndex(DI(), bases_, cell), hn::VecFromMask(DI(), is_above));
    return {hn::GatherIndex(DF(), levels_, code), code};
  }

 private:
  const float* thresholds_;
  const int32_t* bases_;
  const float* levels_;
  VF magic_, low_, high_;
  VI mask_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
