#include "base/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/parallel.h"

namespace hlwq {

struct WorkerPool::State {
  std::mutex mutex;
  std::condition_variable start, done;
  const Body* body = nullptr;
  size_t count = 0, grain = 1, region = 0;
  int running = 0;
  bool stopping = false;
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;

  void Work(const Body& run, int worker) noexcept {
    for (;;) {
      const size_t begin = next.fetch_add(grain);
      if (begin >= count) return;
      run(begin, std::min(count, begin + grain), worker);
    }
  }
};

WorkerPool::WorkerPool(int threads) : state_(std::make_unique<State>()) {
  for (int worker = 1; worker < ResolveThreads(threads); ++worker) {
    state_->threads.emplace_back([state = state_.get(), worker] {
      size_t seen = 0;
      std::unique_lock lock(state->mutex);
      for (;;) {
        state->start.wait(lock, [&] { return state->stopping || state->region != seen; });
        if (state->stopping) return;
        seen = state->region;
        const Body& body = *state->body;
        lock.unlock();
        state->Work(body, worker);
        lock.lock();
        if (--state->running == 0) state->done.notify_one();
      }
    });
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->start.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

int WorkerPool::threads() const noexcept { return static_cast<int>(state_->threads.size()) + 1; }

void WorkerPool::ParallelFor(size_t count, size_t grain, Body body) noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    state_->body = &body;
    state_->count = count;
    state_->grain = std::max<size_t>(grain, 1);
    state_->next = 0;
    state_->running = static_cast<int>(state_->threads.size());
    ++state_->region;
  }
  state_->start.notify_all();
  state_->Work(body, 0);
  std::unique_lock lock(state_->mutex);
  state_->done.wait(lock, [&] { return state_->running == 0; });
}

}  // namespace hlwq
