// In the place of uring_reader.cc where there is no liburing.
#include "base/error.h"
#include "io/read_backend.h"

namespace hlwq::io {

std::unique_ptr<ReadBackend> MakeRingBackend(size_t /*queue_depth*/) {
  throw Error(ErrorCode::kUnsupported, "io_uring: this program is built without liburing");
}

}  // namespace hlwq::io
