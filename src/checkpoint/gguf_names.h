// Tensors of a GGUF model under their Hugging Face names (docs/gguf.md, "Tensors").
#pragma once

#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_model.h"
#include "io/gguf.h"

namespace hlwq::checkpoint {

// The entries of file 0 of a checkpoint, in the order of the file. A plain type keeps its dtype;
// block types are given F16, which holds d * q closest (docs/gguf.md, "Output dtype"). Throws
// Error{kUnsupported} for a tensor that the architecture does not have or a type that is not
// decoded, Error{kInvalidData} for a missing tensor or a wrong shape; all name the tensor.
std::vector<TensorEntry> MapGgufTensors(const io::GgufHeader& header, const GgufModel& model);

// Which stored row holds row r of a q or k matrix of `heads` heads of `head_dim` rows: stored, rows
// j and j + head_dim/2 of each head lie side by side.
std::vector<uint64_t> UnpermutedHeads(uint64_t heads, uint64_t head_dim);

}  // namespace hlwq::checkpoint
