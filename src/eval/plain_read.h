// The bandwidth of reading memory with a number of threads.
#pragma once

#include <cstdint>

#include "base/worker_pool.h"
#include "tensor/buffer.h"

namespace hlwq::eval {

// Memory of its own, large enough that caches hold little of it.
class PlainReader {
 public:
  // Takes `bytes` (at least 1) and touches all of them.
  explicit PlainReader(uint64_t bytes);

  // Reads everything once with the threads of the pool and gives bytes/s. The time runs from the
  // first worker's start to the last one's end, taken by the workers themselves: what it costs to
  // wake them is left out. Throws Error{kIo} should the memory not read back as it was written.
  double Measure(WorkerPool& pool);

 private:
  Buffer<uint64_t> words_;
  uint64_t sum_ = 0;
};

}  // namespace hlwq::eval
