// GGUF files as sources: the checkpoint that transformers would have beside the same weights
// (docs/gguf.md).
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/folder.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf/model.h"
#include "io/gguf.h"

namespace hlwq::checkpoint {

// Opens a .gguf file of an architecture that docs/gguf.md names: tensors under Hugging Face names
// with shapes outermost first (GgmlStorage; the q/k row order of the llama family undone by its
// row_map), config.json (also as Checkpoint::config), generation_config.json and the tokenizer
// files, which are made when they are asked for (gguf_tokenizer.h). TensorEntry::dtype is what an importer should write: the source's for F32, F16
// and BF16, F16 for block types. Reads the header and at most one small tensor. Throws
// Error{kUnsupported} naming what is not handled (architecture, tensor, tensor type, tokenizer,
// scaling), Error{kInvalidData} for a file that contradicts itself; with the path.
//
// `folder` is where the other parts of a split model are; null: beside the file, on this machine.
Checkpoint OpenGguf(File file, const Folder* folder = nullptr);

// What OpenGguf makes of a header; `tensor_bytes` is asked for rope_freqs.weight only.
struct GgufView {
  std::vector<TensorEntry> tensors;
  nlohmann::json config;
  std::vector<SideFile> side_files;
  std::vector<std::string> notes;
};
GgufView MapGguf(io::GgufHeader header, const GgufTensorBytes& tensor_bytes);

}  // namespace hlwq::checkpoint
