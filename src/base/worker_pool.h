// Persistent threads for work that comes in regions of microseconds: one token of a decode is some
// hundred regions, each over before a sleeping thread would have woken.
#pragma once

#include <cstddef>
#include <memory>

#include "base/function_ref.h"

namespace hlwq {

// Work is handed out in pieces while it lasts, so that a thread that the system takes away for a
// while delays only the piece it holds. Thread: one caller at a time.
class WorkerPool {
 public:
  // ResolveThreads(threads) threads, the caller of ParallelFor included.
  explicit WorkerPool(int threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  int threads() const noexcept;

  // Calls body(begin, end, worker) for disjoint ranges that cover [0, count), each beginning at a
  // multiple of `grain`; worker is in [0, threads()) and no two calls at a time share one. Returns
  // when all are done. `body` must not throw and must not call ParallelFor of this pool.
  // Which ranges there are and who gets them changes from run to run: results must not depend on it.
  using Body = FunctionRef<void(size_t begin, size_t end, int worker)>;
  void ParallelFor(size_t count, size_t grain, Body body) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hlwq
