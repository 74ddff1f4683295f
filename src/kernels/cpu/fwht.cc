#include "kernels/fwht.h"

#include "base/error.h"
#include "codec/hadamard.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fwht.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/fwht-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

void TransformBlocks(float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    codec::Fwht128(
        std::span<float, codec::kBlockSize>(values + i * codec::kBlockSize, codec::kBlockSize));
  }
}

#else

void TransformBlocks(float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    BlockVectors block = LoadBlock(values + i * kBlock);
    Fwht128(block);
    StoreBlock(block, values + i * kBlock);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(TransformBlocks);

void Fwht128Blocks(std::span<float> values) noexcept {
  HLWQ_DASSERT(values.size() % 128 == 0);
  HWY_DYNAMIC_DISPATCH(TransformBlocks)(values.data(), values.size() / 128);
}

}  // namespace hlwq::kernels
#endif
