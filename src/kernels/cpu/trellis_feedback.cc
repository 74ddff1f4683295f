#include "kernels/trellis_feedback.h"

#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/trellis_feedback.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/trellis_feedback-inl.h"
#endif

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel
HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void CodeFeedbackOn(const codec::TrellisGrid& grid, const codec::TrellisFeedbackBlock& block) {
  codec::CodeTrellisFeedback(grid, block);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(CodeFeedbackOn);

void CodeTrellisFeedback(const codec::TrellisGrid& grid,
                         const codec::TrellisFeedbackBlock& block) noexcept {
  HWY_DYNAMIC_DISPATCH(CodeFeedbackOn)(grid, block);
}

}  // namespace hlwq::kernels
#endif
