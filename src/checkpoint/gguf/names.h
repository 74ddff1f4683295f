// Tensors of a GGUF model under their Hugging Face names (docs/gguf.md, "Tensors").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf/model.h"
#include "io/gguf.h"

namespace hlwq::checkpoint {

inline constexpr std::string_view kRopeFactorsName = "rope_freqs.weight";

// A tensor of an architecture, as the file and as transformers has it.
struct GgufTensorSpec {
  std::string stored;  // "blk.0.attn_q.weight"
  std::string
      name;     // "model.layers.0.self_attn.q_proj.weight"; of experts with "{}" for the number
  Shape shape;  // as stored; of experts [E, ..]: one tensor holds all of a layer
  uint64_t permuted_heads = 0;  // 0: rows are in order; else see UnpermutedHeads
  bool is_expert = false;
  bool is_router = false;
};

// The tensors of a model, embedding and head first, then layer by layer. The one list that reading
// and writing go by. rope_freqs.weight is not in it.
std::vector<GgufTensorSpec> ListGgufTensors(const GgufModel& model);
// What one expert of `tensor` is called.
std::string ExpertName(const GgufTensorSpec& tensor, uint64_t expert);

// The entries of file 0 of a checkpoint, in the order of the file. A plain type keeps its dtype;
// block types are given F16, which holds d * q closest (docs/gguf.md, "Output dtype"). Throws
// Error{kUnsupported} for a tensor that the architecture does not have or a type that is not
// decoded, Error{kInvalidData} for a missing tensor or a wrong shape; all name the tensor.
std::vector<TensorEntry> MapGgufTensors(const io::GgufHeader& header, const GgufModel& model);

// Which stored row holds row r of a q or k matrix of `heads` heads of `head_dim` rows: stored, rows
// j and j + head_dim/2 of each head lie side by side.
std::vector<uint64_t> UnpermutedHeads(uint64_t heads, uint64_t head_dim);

}  // namespace hlwq::checkpoint
