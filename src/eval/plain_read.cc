#include "eval/plain_read.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "kernels/plain_read.h"

namespace hlwq::eval {
namespace {

using Clock = std::chrono::steady_clock;

// Long enough that asking the clock costs nothing, short enough to share out evenly.
constexpr size_t kPieceWords = (size_t{4} << 20) / sizeof(uint64_t);

// Of one worker; a cache line to itself.
struct alignas(64) Part {
  Clock::time_point start = Clock::time_point::max(), end = Clock::time_point::min();
  uint64_t sum = 0;
};

}  // namespace

PlainReader::PlainReader(uint64_t bytes)
    : words_(std::max<size_t>(static_cast<size_t>(bytes / sizeof(uint64_t)), 1)) {
  for (size_t index = 0; index < words_.size(); ++index) {
    words_[index] = MixBits(index);
    sum_ += words_[index];
  }
}

double PlainReader::Measure(WorkerPool& pool) {
  std::vector<Part> parts(static_cast<size_t>(pool.threads()));
  const std::span<const uint64_t> words = words_.span();
  pool.ParallelFor(words.size(), kPieceWords, [&](size_t begin, size_t end, int worker) {
    Part& part = parts[static_cast<size_t>(worker)];
    part.start = std::min(part.start, Clock::now());
    part.sum += kernels::SumBytes(std::as_bytes(words.subspan(begin, end - begin)));
    part.end = Clock::now();
  });
  Part all;
  for (const Part& part : parts) {
    all.start = std::min(all.start, part.start);
    all.end = std::max(all.end, part.end);
    all.sum += part.sum;
  }
  if (all.sum != sum_) throw Error(ErrorCode::kIo, "memory does not read back as it was written");
  const double seconds = std::chrono::duration<double>(all.end - all.start).count();
  return static_cast<double>(words.size_bytes()) / std::max(seconds, 1e-9);
}

}  // namespace hlwq::eval
