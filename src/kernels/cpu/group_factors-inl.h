// The multipliers of groups from their bytes (docs/format.md, "Group scales").
#if defined(HLWQ_KERNELS_CPU_GROUP_FACTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_GROUP_FACTORS_INL_H_
#undef HLWQ_KERNELS_CPU_GROUP_FACTORS_INL_H_
#else
#define HLWQ_KERNELS_CPU_GROUP_FACTORS_INL_H_
#endif

#include <cstdint>

#include "codec/group_scale.h"
#include "hwy/highway.h"
#include "kernels/cpu/lookup-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// P(s) of kLanes bytes: a factor within the octave, whose exponent is lowered by the octaves.
class GroupFactors {
 public:
  HWY_INLINE GroupFactors() : octave_(codec::OctaveFactors().data()) {}

  HWY_INLINE VF operator()(const uint8_t* HWY_RESTRICT scales) const {
    const hn::Rebind<uint8_t, DF> d8;
    const VI s = hn::PromoteTo(DI(), hn::LoadU(d8, scales));
    const VI octaves = hn::ShiftRight<6>(s);
    const VI bits = hn::Sub(hn::BitCast(DI(), octave_(s)), hn::ShiftLeft<23>(octaves));
    const auto is_zero = hn::Eq(s, hn::Set(DI(), int32_t{codec::kZeroGroup}));
    return hn::BitCast(DF(), hn::IfThenZeroElse(is_zero, bits));
  }

 private:
  static_assert(codec::kStepsPerOctave == 64);
  Lookup<float, codec::kStepsPerOctave> octave_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
