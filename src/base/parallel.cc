#include "base/parallel.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>

namespace hlwq {

int ResolveThreads(int threads) noexcept {
  return threads > 0 ? threads : tbb::info::default_concurrency();
}

void WithThreads(int threads, const std::function<void()>& body) {
  const int resolved = ResolveThreads(threads);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<size_t>(resolved));
  tbb::task_arena arena(resolved);
  arena.execute([&] { body(); });
}

}  // namespace hlwq
