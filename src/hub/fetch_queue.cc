#include "hub/fetch_queue.h"

namespace hlwq::hub {

FetchQueue::FetchQueue(int threads) {
  for (int thread = 0; thread < threads; ++thread) threads_.emplace_back([this] { Run(); });
}

FetchQueue::~FetchQueue() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  news_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void FetchQueue::Add(std::function<void()> job) {
  {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  news_.notify_one();
}

void FetchQueue::Run() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
      if (is_ending_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace hlwq::hub
