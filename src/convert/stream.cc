#include "convert/stream.h"

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/ordered_pipeline.h"
#include "base/parallel.h"

namespace hlwq::convert {
namespace {

// Chunks ahead of the reader that the kernel is told about.
constexpr size_t kPrefetchChunks = 8;

// A piece of one task on its way through the pipeline. Buffers are reused: fresh pages are costly.
struct Chunk {
  size_t task = 0;
  RowRange rows;
  std::vector<std::byte> in;
  std::vector<std::vector<std::byte>> out;
  codec::ErrorStats stats;
  uint64_t source_xxh3 = 0;  // of the whole task, in its last chunk
};

// Where the chunk that begins at `row` ends.
uint64_t ChunkEnd(const Task& task, uint64_t row) {
  const uint64_t end = std::min(task.rows, row + task.rows_per_chunk);
  if (task.rows_per_slice == 0) return end;
  return std::min(end, (row / task.rows_per_slice + 1) * task.rows_per_slice);
}

void TransformChunk(const Task& task, Chunk& chunk) {
  chunk.out.resize(std::max(chunk.out.size(), task.outputs.size()));
  std::vector<std::span<std::byte>> spans;
  for (size_t output = 0; output < task.outputs.size(); ++output) {
    chunk.out[output].resize(task.outputs[output].units.BytesOf(chunk.rows));
    spans.emplace_back(chunk.out[output]);
  }
  chunk.stats = {};
  WithContext("'" + task.name + "'",
              [&] { task.Transform(chunk.rows, chunk.in, spans, chunk.stats); });
}

// Enumerates the chunks of all tasks in order.
class ChunkCursor {
 public:
  ChunkCursor(std::span<const std::unique_ptr<Task>> tasks, std::span<const size_t> todo)
      : tasks_(tasks), todo_(todo) {}

  // False at the end. A task without rows still gives one (empty) chunk.
  bool Next(size_t& task, RowRange& rows) {
    if (position_ == todo_.size()) return false;
    task = todo_[position_];
    rows = {row_, ChunkEnd(*tasks_[task], row_)};
    row_ = rows.end;
    if (row_ == tasks_[task]->rows) {
      ++position_;
      row_ = 0;
    }
    return true;
  }

 private:
  std::span<const std::unique_ptr<Task>> tasks_;
  std::span<const size_t> todo_;
  size_t position_ = 0;
  uint64_t row_ = 0;
};

// The stages of the pipeline.
class Stream {
 public:
  Stream(std::span<const std::unique_ptr<Task>> tasks, std::span<const size_t> todo,
         const OutputLayout& layout, std::span<const File> shards, const StreamCallbacks& callbacks)
      : tasks_(tasks),
        layout_(layout),
        shards_(shards),
        callbacks_(callbacks),
        cursor_(tasks, todo),
        ahead_(tasks, todo) {
    for (size_t chunk = 0; chunk < kPrefetchChunks; ++chunk) PrefetchNext();
  }

  bool Read(Chunk& chunk) {
    if (!cursor_.Next(chunk.task, chunk.rows)) return false;
    PrefetchNext();
    Task& task = *tasks_[chunk.task];
    WithContext("'" + task.name + "'", [&] {
      if (chunk.rows.begin == 0) task.Begin();
      task.Read(chunk.rows, chunk.in);
    });
    source_hash_.Update(chunk.in);
    if (chunk.rows.end == task.rows) {
      chunk.source_xxh3 = source_hash_.Digest();
      source_hash_.Reset();
    }
    return true;
  }

  void Work(Chunk& chunk) const { TransformChunk(*tasks_[chunk.task], chunk); }

  void Finish(Chunk& chunk) {
    const Task& task = *tasks_[chunk.task];
    if (chunk.rows.begin == 0) BeginTask(task);
    for (size_t output = 0; output < task.outputs.size(); ++output) {
      const OutputPlace& place = layout_.place(task.outputs[output].tensor);
      output_hashes_[output].Update(chunk.out[output]);
      shards_[place.shard].WriteAt(
          place.offset + task.outputs[output].units.OffsetOf(chunk.rows.begin), chunk.out[output]);
    }
    result_.stats->Merge(chunk.stats);
    if (callbacks_.on_chunk_done) callbacks_.on_chunk_done(chunk.task, chunk.in.size());
    if (chunk.rows.end == task.rows) EndTask(chunk);
  }

 private:
  void PrefetchNext() {
    size_t task = 0;
    RowRange rows;
    if (ahead_.Next(task, rows)) tasks_[task]->Prefetch(rows);
  }

  void BeginTask(const Task& task) {
    result_ = {};
    output_hashes_.resize(std::max(output_hashes_.size(), task.outputs.size()));
    for (Xxh3Stream& hash : output_hashes_) hash.Reset();
  }

  void EndTask(const Chunk& last) {
    Task& task = *tasks_[last.task];
    task.End();
    result_.source_xxh3 = last.source_xxh3;
    for (size_t output = 0; output < task.outputs.size(); ++output) {
      result_.outputs_xxh3.push_back(output_hashes_[output].Digest());
      const OutputPlace& place = layout_.place(task.outputs[output].tensor);
      shards_[place.shard].StartWriteback(place.offset,
                                          task.outputs[output].units.BytesOf(task.rows));
    }
    for (const ConstantOutput& constant : task.constants) {
      const OutputPlace& place = layout_.place(constant.tensor);
      shards_[place.shard].WriteAt(place.offset, constant.data);
      result_.outputs_xxh3.push_back(Xxh3(constant.data));
    }
    callbacks_.on_task_done(last.task, std::move(result_));
  }

  std::span<const std::unique_ptr<Task>> tasks_;
  const OutputLayout& layout_;
  std::span<const File> shards_;
  const StreamCallbacks& callbacks_;
  ChunkCursor cursor_;                     // reader only
  ChunkCursor ahead_;                      // reader only
  Xxh3Stream source_hash_;                 // reader only
  TaskResult result_;                      // writer only
  std::vector<Xxh3Stream> output_hashes_;  // writer only
};

}  // namespace

void RunStream(std::span<const std::unique_ptr<Task>> tasks, std::span<const size_t> todo,
               const OutputLayout& layout, std::span<const File> shards, int threads,
               const StreamCallbacks& callbacks) {
  Stream stream(tasks, todo, layout, shards, callbacks);
  RunOrderedPipeline<Chunk>(threads, stream);
}

uint64_t PeakStreamBytes(int threads, uint64_t max_in) {
  // Each chunk holds its source bytes and at most as many output bytes again in float32; each thread
  // a tile of float32 rows.
  const uint64_t chunk = std::max(kChunkBytes, 4 * max_in);
  return PiecesInFlight(threads) * 3 * chunk +
         static_cast<uint64_t>(ResolveThreads(threads)) * 8 * std::max<uint64_t>(max_in, 32 * 1024);
}

void DryRunTask(const Task& task) {
  Chunk chunk;
  for (uint64_t row = 0; row < task.rows; row = chunk.rows.end) {
    chunk.rows = {row, ChunkEnd(task, row)};
    task.Read(chunk.rows, chunk.in);
    TransformChunk(task, chunk);
  }
}

uint64_t HashTaskSource(const Task& task) {
  Xxh3Stream hash;
  std::vector<std::byte> buffer;
  for (uint64_t row = 0; row < task.rows;) {
    const uint64_t end = ChunkEnd(task, row);
    task.Read({row, end}, buffer);
    hash.Update(buffer);
    row = end;
  }
  return hash.Digest();
}

}  // namespace hlwq::convert
