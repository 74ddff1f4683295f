// Rows of plain or coded tensors as ggml rows of a GGUF file.
#pragma once

#include <memory>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "codec/ggml_blocks.h"
#include "convert/task.h"

namespace hlwq::convert {

// Fills an output tensor with the rows of `pieces`, one after the other: the experts of a layer, or
// one tensor. All have one shape, of at most two axes; `type` is F32, F16, BF16 or one that
// CanEncodeGgml, whose blocks divide the rows. Transform throws Error{kNonFinite} with row and column
// for a weight that the type cannot hold. Borrows the source and the backend.
std::unique_ptr<Task> MakeGgufTask(const checkpoint::Checkpoint& source,
                                   std::vector<checkpoint::TensorEntry> pieces,
                                   codec::GgmlType type, const codec::Backend& backend,
                                   size_t tensor);

}  // namespace hlwq::convert
