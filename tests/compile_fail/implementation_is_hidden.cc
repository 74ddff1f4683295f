// error: private
// What stands behind a handle is not for users.
#include "hlwq/model.h"

bool IsTheSame(const hlwq::Model& a, const hlwq::Model& b) {
#ifdef HLWQ_SHOULD_FAIL
  return a.impl_ == b.impl_;
#else
  return a.path() == b.path();
#endif
}
