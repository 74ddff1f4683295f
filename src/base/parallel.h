// How many threads an operation uses. The threads themselves are oneTBB's.
#pragma once

#include <functional>

namespace hlwq {

// `threads` where it is positive, else the number of cores this process may use.
int ResolveThreads(int threads) noexcept;

// Runs `body` so that oneTBB algorithms inside it use ResolveThreads(threads) threads, the calling one
// included, also where that is more than there are cores. Exceptions pass through.
void WithThreads(int threads, const std::function<void()>& body);

}  // namespace hlwq
