// An order between threads that the thread sanitizer cannot see: oneTBB's library is not built with it.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace hlwq {

// What a thread did before Leave comes before what another does after a later Enter. This only tells of an order
// that something else makes; without the sanitizer it does nothing.
class ThreadOrder {
 public:
#ifdef __SANITIZE_THREAD__
  void Enter() noexcept { __tsan_acquire(&mark_); }
  void Leave() noexcept { __tsan_release(&mark_); }
#else
  void Enter() noexcept {}
  void Leave() noexcept {}
#endif

 private:
  [[maybe_unused]] char mark_ = 0;
};

// While it lives, what holds a thing that is passed on from thread to thread.
class InThreadOrder {
 public:
  explicit InThreadOrder(ThreadOrder& order) noexcept : InThreadOrder(order, order) {}
  InThreadOrder(ThreadOrder& entered, ThreadOrder& left) noexcept : left_(left) { entered.Enter(); }
  ~InThreadOrder() { left_.Leave(); }
  InThreadOrder(const InThreadOrder&) = delete;
  InThreadOrder& operator=(const InThreadOrder&) = delete;

 private:
  ThreadOrder& left_;
};

// Many tasks of one caller: what it did before comes before each, and each before what it does after. Lives as long as
// they run.
class TaskOrder {
 public:
  TaskOrder() noexcept { begin_.Leave(); }
  ~TaskOrder() { end_.Enter(); }
  TaskOrder(const TaskOrder&) = delete;
  TaskOrder& operator=(const TaskOrder&) = delete;

  // For the life of a task, on its thread.
  InThreadOrder Task() noexcept { return {begin_, end_}; }

 private:
  ThreadOrder begin_, end_;
};

}  // namespace hlwq
