// What the worker pool is measured against: the same ParallelFor by oneTBB and by a spin barrier.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/cpu_pause.h"
#include "base/worker_pool.h"

namespace hlwq::bench {

// oneTBB in an arena of its own; `Partitioner` says how it cuts.
template <typename Partitioner>
class TbbRegions {
 public:
  explicit TbbRegions(int threads)
      : limit_(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads)),
        arena_(threads) {}

  void ParallelFor(size_t count, size_t grain, WorkerPool::Body body) {
    arena_.execute([&] {
      tbb::parallel_for(
          tbb::blocked_range<size_t>(0, count, grain),
          [&](const tbb::blocked_range<size_t>& range) {
            body(range.begin(), range.end(), tbb::this_task_arena::current_thread_index());
          },
          Partitioner());
    });
  }

 private:
  tbb::global_control limit_;
  tbb::task_arena arena_;
};

// Equal shares, one a thread, and all wait for all: what a region costs at least, and what happens
// to a barrier when one of its threads has no core.
class SpinBarrier {
 public:
  explicit SpinBarrier(int threads) : shares_(static_cast<size_t>(threads)) {
    for (size_t share = 1; share < shares_; ++share) {
      threads_.emplace_back([this, share] {
        for (size_t seen = 0;;) {
          size_t now;
          while ((now = region_.load(std::memory_order_acquire)) == seen) CpuPause();
          seen = now;
          if (stopping_) return;
          Run(share);
          arrived_.fetch_add(1, std::memory_order_acq_rel);
        }
      });
    }
  }

  SpinBarrier(const SpinBarrier&) = delete;
  SpinBarrier& operator=(const SpinBarrier&) = delete;

  ~SpinBarrier() {
    stopping_ = true;
    region_.fetch_add(1, std::memory_order_release);
    for (std::thread& thread : threads_) thread.join();
  }

  void ParallelFor(size_t count, size_t /*grain*/, WorkerPool::Body body) {
    body_ = &body;
    count_ = count;
    arrived_.store(0, std::memory_order_relaxed);
    region_.fetch_add(1, std::memory_order_release);
    Run(0);
    while (arrived_.load(std::memory_order_acquire) != threads_.size()) CpuPause();
  }

 private:
  void Run(size_t share) {
    const size_t begin = count_ * share / shares_, end = count_ * (share + 1) / shares_;
    if (begin < end) (*body_)(begin, end, static_cast<int>(share));
  }

  const size_t shares_;
  const WorkerPool::Body* body_ = nullptr;
  size_t count_ = 0;
  bool stopping_ = false;
  alignas(128) std::atomic<size_t> region_ = 0;
  alignas(128) std::atomic<size_t> arrived_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace hlwq::bench
