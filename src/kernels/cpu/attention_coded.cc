#include "kernels/cpu/attention_arguments.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_coded.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void AttendToCodedOn(const AttentionProblem& problem, const KvPages& cache,
                     const CodedKvPages& coded_pages, size_t kv_head, size_t query_begin,
                     size_t query_end, const SpansToAttend& spans) {
  CodedScratch coded;
  AttendTo<F16Format, true>(problem, cache, &coded_pages, kv_head, query_begin, query_end, spans,
                            &coded);
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(AttendToCodedOn);

void AttendToCoded(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages& coded,
                   size_t kv_head, size_t query_begin, size_t query_end,
                   const SpansToAttend& spans) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendToCodedOn)
  (problem, cache, coded, kv_head, query_begin, query_end, spans);
}

}  // namespace hlwq::kernels
#endif
