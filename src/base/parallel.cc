#include "base/parallel.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "base/thread_order.h"

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

void ForEachTask(int threads, size_t count, FunctionRef<void(size_t index)> task) {
  TaskOrder order;
  WithThreads(threads, [&] {
    tbb::parallel_for(size_t{0}, count, [&](size_t index) {
      const InThreadOrder ordered = order.Task();
      task(index);
    });
  });
}

}  // namespace hlwq
