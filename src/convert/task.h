// The unit of streaming work: one input tensor or slice, turned row by row into the whole content
// of one or more output tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/row_reader.h"
#include "codec/codec.h"
#include "codec/error_stats.h"
#include "convert/feedback_source.h"
#include "tensor/row_units.h"
#include "tensor/shape.h"

namespace hlwq::convert {

// One output tensor of a task, filled one unit of rows after another.
struct TaskOutput {
  size_t tensor = 0;  // index into the job's output tensors
  RowUnits units;
};

// An output tensor whose content depends on the shape alone.
struct ConstantOutput {
  size_t tensor = 0;
  std::vector<std::byte> data;
};

// Read() is called in row order, Transform() from many threads at once; both are const. Where nothing is
// kept of the result, Begin() is not called.
class Task {
 public:
  virtual ~Task() = default;

  // Source bytes of `rows`, as Transform takes them. The content hash of the source runs over these.
  virtual void Read(RowRange rows, std::vector<std::byte>& in) const = 0;
  virtual void Prefetch(RowRange rows) const = 0;
  // Called before the first Read and after the last Transform.
  virtual void Begin() {}
  virtual void End() noexcept {}
  virtual uint64_t SourceBytes(RowRange rows) const = 0;
  // `out[i]` takes the rows of outputs[i].
  virtual void Transform(RowRange rows, std::span<const std::byte> in,
                         std::span<const std::span<std::byte>> out,
                         codec::ErrorStats& stats) const = 0;

  std::string name;  // of the source tensor or slice, for messages
  uint64_t rows = 0;
  uint64_t rows_per_chunk = 1;  // whole units of every output
  uint64_t rows_per_slice = 0;  // chunks do not cross multiples of this; 0: no bound
  std::vector<TaskOutput> outputs;
  std::vector<ConstantOutput> constants;
  size_t source_file = 0;  // index into Checkpoint::files of the first byte read
  size_t report = 0;       // index of the report that gets the statistics
  size_t turn = 0;         // tasks are run in ascending order of it, those of one in theirs
};

// Source bytes in one chunk of work: large enough to make overheads vanish, small enough that the
// chunks in flight fit in cache-friendly memory.
inline constexpr uint64_t kChunkBytes = 2u << 20;

// Where the feedback of a layer's matrices comes from, if anywhere.
struct LayerFeedback {
  FeedbackSource* source = nullptr;
  size_t layer = 0;
};

// Carries a plain tensor over, byte for byte. Rows are bytes.
std::unique_ptr<Task> MakeCopyTask(const checkpoint::Checkpoint& source,
                                   const checkpoint::TensorEntry& entry, size_t tensor);

// Decodes a tensor of any storage and writes it as dense `dtype` (F16, BF16 or F32).
std::unique_ptr<Task> MakeDecodeTask(const checkpoint::Checkpoint& source,
                                     const checkpoint::TensorEntry& entry, DType dtype,
                                     const codec::Backend& backend, size_t tensor);

// Encodes rows [first_row, first_row + shape.out) of a tensor: the whole of a 2-D one, one slice of
// a fused one. `first_tensor` is the output index of the first of codec.Parts(shape). `feedback` (may be
// null) is asked when the task begins, by the task's name.
std::unique_ptr<Task> MakeEncodeTask(const checkpoint::Checkpoint& source,
                                     const checkpoint::TensorEntry& entry, uint64_t first_row,
                                     MatrixShape shape, std::shared_ptr<const codec::Codec> codec,
                                     const codec::Backend& backend, size_t first_tensor,
                                     const LayerFeedback& feedback = {});

}  // namespace hlwq::convert
