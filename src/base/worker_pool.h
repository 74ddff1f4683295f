// Persistent threads for work that comes in regions of microseconds: one token of a decode is some
// hundred regions, each over before a sleeping thread would have woken.
#pragma once

#include <cstddef>
#include <memory>

#include "base/function_ref.h"

namespace hlwq {

// Each thread begins with a contiguous share of the region and helps others when done, piece by
// piece. A region ends with its last piece: a thread that the system has no core for delays it only
// while it holds a piece, and one that did so sits out for a while (worker_pool.cc has the measured
// reasons). Threads wait for the next region by spinning some 50 microseconds, then asleep.
// Thread: one caller at a time, not always the same. Cost: a third of a microsecond a region while
// the threads are awake.
class WorkerPool {
 public:
  static constexpr int kMaxThreads = 1024;

  // ResolveThreads(threads) threads, the caller of ParallelFor included; more than there are cores
  // work, slowly. Throws: kInvalidArgument for more than kMaxThreads or than the system grants.
  explicit WorkerPool(int threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  int threads() const noexcept;

  // Calls body(begin, end, worker) for disjoint ranges that cover [0, count), each beginning at a
  // multiple of `grain`; worker is in [0, threads()) and no two calls at a time share one. Returns
  // when all are done. `body` must not throw, call ParallelFor of this pool, or wait for another
  // call of itself: one thread may run them all. Which ranges there are and who gets them changes
  // from run to run: results must not depend on it. A grain of one or two microseconds of work is
  // good: each range costs some nanoseconds, and neighbouring ranges mostly go to the same thread
  // in ascending order. Allocates nothing.
  using Body = FunctionRef<void(size_t begin, size_t end, int worker)>;
  void ParallelFor(size_t count, size_t grain, Body body) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hlwq
