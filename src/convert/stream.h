// The engine of every conversion: read in order, transform in parallel, write in order, in a fixed
// amount of memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/file.h"
#include "convert/output_layout.h"
#include "convert/task.h"

namespace hlwq::convert {

struct TaskResult {
  uint64_t source_xxh3 = 0;
  std::vector<uint64_t> outputs_xxh3;  // row outputs, then constants
  std::unique_ptr<codec::ErrorStats> stats = std::make_unique<codec::ErrorStats>();
};

struct StreamCallbacks {
  // Called in the order of `todo`, from one thread at a time, when all bytes of a task are written.
  std::function<void(size_t task, TaskResult result)> on_task_done;
  // Called after each chunk with the source bytes it held.
  std::function<void(size_t task, uint64_t bytes)> on_chunk_done;
};

// Runs the tasks numbered in `todo`, in that order, writing to `shards` where `layout` says. Results
// do not depend on `threads` (0: all cores). Memory: PeakStreamBytes(threads). The first error
// stops the stream and is thrown, with the task's name as context; what finished before stays done.
void RunStream(std::span<const std::unique_ptr<Task>> tasks, std::span<const size_t> todo,
               const OutputLayout& layout, std::span<const File> shards, int threads,
               const StreamCallbacks& callbacks);

// An upper bound of the buffers RunStream holds for matrices of up to `max_in` columns, times the rows
// that their codec takes together.
uint64_t PeakStreamBytes(int threads, uint64_t max_in);

// Reads and transforms a whole task and throws the result away; for the errors it may throw.
void DryRunTask(const Task& task);

// Reads a task's source again and returns its content hash.
uint64_t HashTaskSource(const Task& task);

}  // namespace hlwq::convert
