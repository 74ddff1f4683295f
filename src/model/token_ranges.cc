#include "model/token_ranges.h"

#include <algorithm>

namespace hlwq::model {
namespace {

// 8 rows of some thousand floats, and what is made of them, are within a second-level cache.
constexpr size_t kMostTokens = 8;
// So many that threads finish together.
constexpr size_t kRangesPerThread = 4;

}  // namespace

void ForTokenRanges(WorkerPool& pool, size_t tokens,
                    FunctionRef<void(TokenRange range)> body) noexcept {
  if (tokens == 1) return body({0, 1});
  const size_t ranges = kRangesPerThread * static_cast<size_t>(pool.threads());
  const size_t grain = std::clamp<size_t>(tokens / ranges, 1, kMostTokens);
  pool.ParallelFor(tokens, grain, [&](size_t begin, size_t end, int) {
    // A pool of one thread hands out everything at once.
    for (; begin < end; begin += kMostTokens) body({begin, std::min(begin + kMostTokens, end)});
  });
}

}  // namespace hlwq::model
