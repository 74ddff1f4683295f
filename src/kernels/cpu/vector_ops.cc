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
HWY_EXPORT(AddWeightedOn);
HWY_EXPORT(SiluMulOn);
HWY_EXPORT(SigmoidMulOn);
HWY_EXPORT(GateRowsOn);
HWY_EXPORT(RotateHeadsOn);
HWY_EXPORT(ArgMaxOn);
HWY_EXPORT(LogSumExpOn);

namespace {

[[maybe_unused]] bool AreAlike(RowSpan<const float> a, RowSpan<const float> b) {
  return a.rows == b.rows && a.width == b.width;
}

}  // namespace

void RmsNorm(RowSpan<const float> x, std::span<const float> weight, float epsilon,
             RowSpan<float> y) noexcept {
  HLWQ_DASSERT(AreAlike(x, y) && y.width % weight.size() == 0);
  HWY_DYNAMIC_DISPATCH(RmsNormOn)(x, weight, epsilon, y);
}

void GatedRmsNorm(RowSpan<const float> x, std::span<const float> weight, float epsilon,
                  RowSpan<const float> z, RowSpan<float> y) noexcept {
  HLWQ_DASSERT(AreAlike(x, y) && AreAlike(z, y) && y.width % weight.size() == 0);
  HWY_DYNAMIC_DISPATCH(GatedRmsNormOn)(x, weight, epsilon, z, y);
}

void L2Normalize(size_t head_dim, float scale, RowSpan<float> x) noexcept {
  HLWQ_DASSERT(x.width % head_dim == 0);
  HWY_DYNAMIC_DISPATCH(L2NormalizeOn)(head_dim, scale, x);
}

void Add(RowSpan<const float> x, RowSpan<float> y) noexcept {
  HLWQ_DASSERT(AreAlike(x, y));
  HWY_DYNAMIC_DISPATCH(AddOn)(x, y);
}

void AddWeighted(RowSpan<const float> x, std::span<const WeightedRow> terms,
                 RowSpan<float> y) noexcept {
  HLWQ_DASSERT(x.width == y.width && (y.rows == 0 || terms.size() % y.rows == 0));
  HWY_DYNAMIC_DISPATCH(AddWeightedOn)(x, terms, y);
}

void SiluMul(RowSpan<const float> gate, RowSpan<const float> up, RowSpan<float> y) noexcept {
  HLWQ_DASSERT(AreAlike(gate, y) && AreAlike(up, y));
  HWY_DYNAMIC_DISPATCH(SiluMulOn)(gate, up, y);
}

void SigmoidMul(RowSpan<const float> gate, RowSpan<float> y) noexcept {
  HLWQ_DASSERT(AreAlike(gate, y));
  HWY_DYNAMIC_DISPATCH(SigmoidMulOn)(gate, y);
}

void GateRows(RowSpan<const float> gates, RowSpan<float> y) noexcept {
  HLWQ_DASSERT(gates.rows == y.rows && gates.width == 1);
  HWY_DYNAMIC_DISPATCH(GateRowsOn)(gates, y);
}

void RotateHeads(RowSpan<const float> cosines, RowSpan<const float> sines, size_t head_dim,
                 RowSpan<float> x) noexcept {
  HLWQ_DASSERT(AreAlike(cosines, sines) && cosines.rows == x.rows && x.width % head_dim == 0);
  HLWQ_DASSERT(2 * cosines.width <= head_dim);
  HWY_DYNAMIC_DISPATCH(RotateHeadsOn)(cosines, sines, head_dim, x);
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
