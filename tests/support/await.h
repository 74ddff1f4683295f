// Waiting for other threads.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/stopwatch.h"

namespace hlwq::test {

// Until the condition holds; after a minute the test fails. Only for what stays true once it is: what passes again may
// never be seen on a busy machine.
template <class Condition>
void Await(const Condition& condition) {
  const Stopwatch since;
  while (!condition()) {
    if (since.Seconds() > 60) {
      ADD_FAILURE() << "waited a minute in vain";
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace hlwq::test
