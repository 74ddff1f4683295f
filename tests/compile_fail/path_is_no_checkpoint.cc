// error: conver|could not convert
// Opening a checkpoint reads files: it is asked for by name.
#include "hlwq/checkpoint.h"

hlwq::Checkpoint Open(const std::filesystem::path& path) {
#ifdef HLWQ_SHOULD_FAIL
  return path;
#else
  return hlwq::Checkpoint(path);
#endif
}
