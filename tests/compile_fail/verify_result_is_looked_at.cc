// error: nodiscard|unused-result
// A damaged folder is a result, not an exception.
#include "hlwq/compare.h"

bool IsIntact() {
#ifdef HLWQ_SHOULD_FAIL
  hlwq::Verify("model-hlwq");
  return true;
#else
  return hlwq::Verify("model-hlwq").ok();
#endif
}
