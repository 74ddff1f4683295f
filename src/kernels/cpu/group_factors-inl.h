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
    // Bits 6 and 7 count octaves; 23 is the lowest bit of the exponent.
    const VI octaves = hn::And(hn::ShiftLeft<23 - 6>(s), hn::Set(DI(), 3 << 23));
    const VI bits = hn::Sub(hn::BitCast(DI(), octave_(s)), octaves);
    const auto is_zero = hn::Eq(s, hn::Set(DI(), int32_t{codec::kZeroGroup}));
    return hn::BitCast(DF(), hn::IfThenZeroElse(is_zero, bits));
  }

 private:
  static_assert(codec::kStepsPerOctave == 64);
  Lookup<float, codec::kStepsPerOctave> octave_;
};

// kLanes / 2 values, each twice: those of blocks for their groups.
HWY_INLINE VF LoadTwice(const float* HWY_RESTRICT from) {
  alignas(64) static constexpr int32_t kTwice[16] = {0, 0, 1, 1, 2, 2, 3, 3,
                                                     4, 4, 5, 5, 6, 6, 7, 7};
  const VF values = hn::ZeroExtendVector(DF(), hn::LoadU(hn::Half<DF>(), from));
  return hn::TableLookupLanes(values, hn::SetTableIndices(DF(), kTwice));
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
