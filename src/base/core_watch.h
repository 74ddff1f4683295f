// Whether a thread keeps its core, and a way to another one.
#pragma once

#include <cstdint>

namespace hlwq {

// How often the system has taken the core from this thread while it wanted to run. Cost: a system
// call.
int64_t CoreLosses() noexcept;

// Moves this thread to another of the cores it may use, if there is one; later it may move back.
// Cost: tens of microseconds.
void LeaveCore() noexcept;

}  // namespace hlwq
