// Threads that wait for the network, so that nobody else has to.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hlwq::hub {

// Runs what it is given, first come first served. Thread: safe.
class FetchQueue {
 public:
  explicit FetchQueue(int threads);
  FetchQueue(const FetchQueue&) = delete;
  FetchQueue& operator=(const FetchQueue&) = delete;
  // Waits for what runs; what has not begun never does.
  ~FetchQueue();

  // `job` must not throw.
  void Add(std::function<void()> job);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> jobs_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hlwq::hub
