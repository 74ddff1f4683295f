// The multipliers that the trellis encoder tries, and its choice among them.
#if defined(HLWQ_KERNELS_CPU_TRELLIS_SCALES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TRELLIS_SCALES_INL_H_
#undef HLWQ_KERNELS_CPU_TRELLIS_SCALES_INL_H_
#else
#define HLWQ_KERNELS_CPU_TRELLIS_SCALES_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "codec/trellis_block.h"
#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"
#include "kernels/cpu/trellis_search-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

constexpr size_t kGroupsPerBlock = codec::kGroupsPerBlock;

// The blocks of a run: spans of EncodeTrellisArguments from its first block on.
struct TrellisRunInput {
  const float* v = nullptr;
  const codec::GroupShape* shapes = nullptr;
  const float* row_scales = nullptr;
  size_t groups = 0;

  float RowScale(size_t group) const { return row_scales[group / kGroupsPerBlock]; }
};

// The choice of multipliers for all groups of a run: codec::EncodeGroup's, groups in lanes. What it
// chooses for zero groups does not matter.
class ScaleChoice {
 public:
  HWY_INLINE ScaleChoice(const codec::TrellisTable& table, const TrellisRunInput& in)
      : units_(table.factor_units()) {
    for (size_t group = 0; group < kRunGroups; ++group) {
      const bool is_there = group < in.groups;
      reaches_[group] = is_there ? in.shapes[group].reach : 0.0f;
      row_scales_[group] = is_there ? in.RowScale(group) : 0.0f;
      const float ratio = reaches_[group] * table.row_factor() / row_scales_[group];
      reach_scales_[group] = codec::kReachScale + codec::GroupScaleFor(ratio);
    }
  }

  // The factors of a trial.
  HWY_INLINE void Factors(int offset, int16_t* HWY_RESTRICT factors) {
    const hn::Rebind<int16_t, DF> narrow;
    for (size_t i = 0; i < kRunGroups; i += kLanes) {
      const VI scale =
          hn::Min(hn::Max(hn::Add(hn::Load(DI(), reach_scales_ + i), hn::Set(DI(), offset)),
                          hn::Zero(DI())),
                  hn::Set(DI(), int32_t{codec::kLeastGroup}));
      const VF factor = hn::GatherIndex(DF(), codec::GroupFactors().data(), scale);
      const VF multiplier = hn::Mul(hn::Load(DF(), row_scales_ + i), factor);
      const VF ratio = hn::Div(hn::Load(DF(), reaches_ + i), multiplier);
      const VI fixed = hn::NearestInt(hn::Mul(ratio, hn::Set(DF(), units_)));
      hn::Store(hn::DemoteTo(narrow, fixed), narrow, factors + i);
      hn::Store(scale, DI(), tried_scales_ + i);
      hn::Store(hn::Mul(factor, factor), DF(), weights_ + i);
    }
  }

  // Takes the trial where it is the first or the best so far.
  HWY_INLINE void Consider(bool is_first, const int16_t* HWY_RESTRICT factors,
                           const uint16_t* HWY_RESTRICT costs, int16_t* HWY_RESTRICT best_factors) {
    const hn::Rebind<int16_t, DF> narrow;
    const hn::Rebind<uint16_t, DF> unsigned_narrow;
    for (size_t i = 0; i < kRunGroups; i += kLanes) {
      const VI cost = hn::PromoteTo(DI(), hn::Load(unsigned_narrow, costs + i));
      const auto is_over = hn::RebindMask(DF(), hn::Eq(cost, hn::Set(DI(), 0xFFFF)));
      const VF score =
          hn::IfThenElse(is_over, hn::Set(DF(), INFINITY),
                         hn::Mul(hn::ConvertTo(DF(), cost), hn::Load(DF(), weights_ + i)));
      const VF best = is_first ? hn::Set(DF(), INFINITY) : hn::Load(DF(), best_ + i);
      const auto is_better = is_first ? hn::Eq(best, best) : hn::Lt(score, best);
      const auto is_better_int = hn::RebindMask(DI(), is_better);
      const VI tried = hn::PromoteTo(DI(), hn::Load(narrow, factors + i));
      const VI kept = hn::PromoteTo(DI(), hn::Load(narrow, best_factors + i));
      hn::Store(hn::IfThenElse(is_better, score, best), DF(), best_ + i);
      hn::Store(hn::IfThenElse(is_better_int, hn::Load(DI(), tried_scales_ + i),
                               hn::Load(DI(), scales_ + i)),
                DI(), scales_ + i);
      hn::Store(hn::DemoteTo(narrow, hn::IfThenElse(is_better_int, tried, kept)), narrow,
                best_factors + i);
    }
  }

  uint8_t Scale(size_t group) const { return static_cast<uint8_t>(scales_[group]); }

 private:
  float units_;
  alignas(64) float reaches_[kRunGroups];
  alignas(64) float row_scales_[kRunGroups];
  alignas(64) float weights_[kRunGroups];
  alignas(64) float best_[kRunGroups];
  alignas(64) int32_t reach_scales_[kRunGroups];
  alignas(64) int32_t tried_scales_[kRunGroups];
  alignas(64) int32_t scales_[kRunGroups];
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
