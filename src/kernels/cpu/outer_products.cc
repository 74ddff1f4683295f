#include "kernels/outer_products.h"

#include "base/error.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/outer_products.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/outer_products-inl.h"

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(AddOuterProductsOn);

void AddOuterProducts(RowSpan<const float> left, RowSpan<const float> right, size_t stride,
                      std::span<float> sums) noexcept {
  HLWQ_DASSERT(left.rows == right.rows);
  if (left.rows == 0 || left.width == 0 || right.width == 0) return;
  HLWQ_DASSERT(sums.size() >= (left.width - 1) * stride + right.width);
  HWY_DYNAMIC_DISPATCH(AddOuterProductsOn)(left, right, sums.data(), stride);
}

}  // namespace hlwq::kernels
#endif
