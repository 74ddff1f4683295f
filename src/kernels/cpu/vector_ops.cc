#include "kernels/vector_ops.h"

#include "base/error.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/vector_ops.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/vector_ops-inl.h"

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(RmsNormOn);
HWY_EXPORT(GatedRmsNormOn);
HWY_EXPORT(L2NormalizeOn);
HWY_EXPORT(AddOn);
HWY_EXPORT(AddScaledOn);
HWY_EXPORT(SiluMulOn);
HWY_EXPORT(SigmoidMulOn);
HWY_EXPORT(RotateHeadOn);
HWY_EXPORT(ArgMaxOn);
HWY_EXPORT(LogSumExpOn);

void RmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon,
             std::span<float> y) noexcept {
  HLWQ_DASSERT(x.size() == y.size() && weight.size() == y.size());
  HWY_DYNAMIC_DISPATCH(RmsNormOn)(x.data(), weight.data(), epsilon, y.data(), y.size());
}

void GatedRmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon,
                  std::span<const float> z, std::span<float> y) noexcept {
  HLWQ_DASSERT(x.size() == y.size() && weight.size() == y.size() && z.size() == y.size());
  HWY_DYNAMIC_DISPATCH(GatedRmsNormOn)
  (x.data(), weight.data(), epsilon, z.data(), y.data(), y.size());
}

void L2Normalize(std::span<const float> x, float scale, std::span<float> y) noexcept {
  HLWQ_DASSERT(x.size() == y.size());
  HWY_DYNAMIC_DISPATCH(L2NormalizeOn)(x.data(), scale, y.data(), y.size());
}

void Add(std::span<const float> x, std::span<float> y) noexcept {
  HLWQ_DASSERT(x.size() == y.size());
  HWY_DYNAMIC_DISPATCH(AddOn)(x.data(), y.data(), y.size());
}

void AddScaled(std::span<const float> x, float scale, std::span<float> y) noexcept {
  HLWQ_DASSERT(x.size() == y.size());
  HWY_DYNAMIC_DISPATCH(AddScaledOn)(x.data(), scale, y.data(), y.size());
}

void SiluMul(std::span<const float> gate, std::span<const float> up, std::span<float> y) noexcept {
  HLWQ_DASSERT(gate.size() == y.size() && up.size() == y.size());
  HWY_DYNAMIC_DISPATCH(SiluMulOn)(gate.data(), up.data(), y.data(), y.size());
}

void SigmoidMul(std::span<const float> gate, std::span<float> y) noexcept {
  HLWQ_DASSERT(gate.size() == y.size());
  HWY_DYNAMIC_DISPATCH(SigmoidMulOn)(gate.data(), y.data(), y.size());
}

void RotateHead(std::span<const float> cosines, std::span<const float> sines,
                std::span<float> head) noexcept {
  HLWQ_DASSERT(cosines.size() == sines.size() && 2 * cosines.size() <= head.size());
  HWY_DYNAMIC_DISPATCH(RotateHeadOn)
  (cosines.data(), sines.data(), head.data(), head.data() + cosines.size(), cosines.size());
}

size_t ArgMax(std::span<const float> x) noexcept {
  HLWQ_DASSERT(!x.empty());
  return HWY_DYNAMIC_DISPATCH(ArgMaxOn)(x.data(), x.size());
}

double LogSumExp(std::span<const float> x) noexcept {
  return HWY_DYNAMIC_DISPATCH(LogSumExpOn)(x.data(), x.size());
}

}  // namespace hlwq::kernels
#endif
