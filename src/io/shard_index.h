// model.safetensors.index.json: which shard holds which tensor.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hlwq::io {

struct ShardIndex {
  std::map<std::string, std::string> file_of_tensor;
  uint64_t total_size_bytes = 0;
};

// A name that stays in its folder: not empty, no "." or "..", no separator, no NUL.
bool IsPlainFileName(std::string_view name);

// Throws Error{kInvalidData} on a malformed index, and on file names that are not plain names of the
// same folder (absolute, "..", separators).
ShardIndex ParseShardIndex(std::string_view json);
std::string SerializeShardIndex(const ShardIndex& index);

}  // namespace hlwq::io
