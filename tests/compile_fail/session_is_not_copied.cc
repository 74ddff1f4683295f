// error: deleted
// A session holds gigabytes of keys and values: it is forked by name or moved.
#include "hlwq/hlwq.h"

hlwq::Session Another(hlwq::Session session) {
#ifdef HLWQ_SHOULD_FAIL
  hlwq::Session copy = session;
  return copy;
#else
  return session.Fork();
#endif
}
