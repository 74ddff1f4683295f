// How many threads an operation uses. The threads themselves are oneTBB's.
#pragma once

#include <cstddef>
#include <functional>

#include "base/function_ref.h"

namespace hlwq {

// `threads` where it is positive, else the number of cores this process may use.
int ResolveThreads(int threads) noexcept;

// Runs `body` so that oneTBB algorithms inside it use ResolveThreads(threads) threads, the calling one
// included, also where that is more than there are cores. Exceptions pass through.
void WithThreads(int threads, const std::function<void()>& body);

// Calls task(0) to task(count - 1), in any order, many at a time, by ResolveThreads(threads) threads. The first exception
// ends it and is thrown.
void ForEachTask(int threads, size_t count, FunctionRef<void(size_t index)> task);

}  // namespace hlwq
