// The way of one request's events from the thread of the engine to that of the client.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "server/request.h"

namespace hlwq::server {

// Holds what the client has not taken yet: no more than its answers are long. Thread: safe.
class AnswerChannel {
 public:
  // Of a request with so many choices.
  explicit AnswerChannel(size_t choices) : open_(choices) {}

  // After a failure nothing more comes, and the other choices are cancelled.
  void Push(Event event);
  // The next event, in order; empty when there is none within `patience`, or none will come.
  std::optional<Event> Next(std::chrono::milliseconds patience);
  // Whether all events were taken.
  bool is_over() const;

  // The client went away: work for it ends with the next pass.
  void Cancel() noexcept { is_cancelled_.store(true, std::memory_order_relaxed); }
  bool is_cancelled() const noexcept { return is_cancelled_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> events_;
  size_t open_;  // choices without an end
  std::atomic<bool> is_cancelled_ = false;
};

}  // namespace hlwq::server
