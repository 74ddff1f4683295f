// error: base/error.h
// The headers of the boxes are not on the include path of users.
#ifdef HLWQ_SHOULD_FAIL
#include "base/error.h"
#else
#include "hlwq/error.h"
#endif

int main() { return hlwq::ErrorCodeName(hlwq::ErrorCode::kIo).empty() ? 1 : 0; }
