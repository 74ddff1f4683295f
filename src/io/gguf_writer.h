// The way back from a parsed GGUF header to bytes (docs/gguf.md, "Writing").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/gguf.h"

namespace hlwq::io {

// A file as it will be, up to its data.
struct GgufPrefix {
  std::string bytes;                // version 3, up to the data section
  std::vector<GgufTensor> tensors;  // those given, `offset` and `bytes` filled in
  uint64_t data_offset = 0;         // bytes.size()
  uint64_t file_bytes = 0;
};

// Lays the tensors out in the order given, each at the next multiple of general.alignment (32 unless
// `metadata` says otherwise); of a tensor, name, shape and type count. Pairs are written sorted by
// key, numbers in the width that their type says. Between tensors, and behind the last one, lie zeros.
// Throws Error{kInvalidArgument} for what ParseGguf would refuse: a name twice, a shape without a
// size, rows that are not whole blocks, a value that its type does not hold, a header over
// kMaxGgufHeaderBytes.
// @post ParseGguf(bytes, file_bytes) has the same metadata, tensors, version 3 and data_offset.
GgufPrefix SerializeGguf(const GgufMetadata& metadata, std::vector<GgufTensor> tensors);

}  // namespace hlwq::io
