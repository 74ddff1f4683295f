// A file of stored tensors, whichever container it is: what a check of its bytes needs to know.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace hlwq::checkpoint {

struct ShardTensor {
  std::string name;     // as stored
  uint64_t offset = 0;  // in the file
  uint64_t bytes = 0;
};

struct Shard {
  File file;
  uint64_t header_hash = 0;  // XXH3 of [0, data_offset)
  uint64_t data_offset = 0;
  std::vector<ShardTensor> tensors;  // in order of offset
};

// Opens a .gguf file as GGUF, any other as safetensors. Throws as their parsers do, with the path.
Shard OpenShard(const std::filesystem::path& path);

// The first byte behind the header that is in no tensor and not zero, as padding must be. Cost: reads
// the gaps between tensors; safetensors has none.
std::optional<uint64_t> FindStrayByte(const Shard& shard);

}  // namespace hlwq::checkpoint
