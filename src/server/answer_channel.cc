#include "server/answer_channel.h"

#include <utility>

namespace hlwq::server {

void AnswerChannel::Push(Event event) {
  {
    const std::lock_guard lock(mutex_);
    if (open_ == 0) return;  // another choice has failed
    if (std::holds_alternative<End>(event)) --open_;
    if (std::holds_alternative<Failure>(event)) {
      open_ = 0;
      Cancel();
    }
    events_.push_back(std::move(event));
  }
  arrived_.notify_one();
}

std::optional<Event> AnswerChannel::Next(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, patience, [&] { return !events_.empty() || open_ == 0; });
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool AnswerChannel::is_over() const {
  const std::lock_guard lock(mutex_);
  return events_.empty() && open_ == 0;
}

}  // namespace hlwq::server
