// A checkpoint of any format that hlwq reads, looked at from outside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hlwq/tensors.h"

namespace hlwq {

// Tensors stored in one way.
struct StorageUse {
  std::string storage;  // TensorInfo::storage
  bool is_quantized = false;
  uint64_t tensors = 0;
  uint64_t weights = 0;
  uint64_t bytes = 0;
};

struct CheckpointInfo {
  std::string format;      // "safetensors", "polar_state", "gguf", "compressed-tensors", ...
  std::string model_type;  // of config.json; empty where there is none
  std::vector<std::pair<std::string, uint64_t>> files;  // name, bytes
  std::vector<StorageUse> storages;                     // most bytes first
  uint64_t weights = 0;
  uint64_t quantized_weights = 0;
  uint64_t bytes = 0;  // of tensors, without headers
  uint64_t quantized_bytes = 0;
  std::vector<TensorInfo> tensors;                              // in stored order
  std::vector<std::pair<std::string, std::string>> provenance;  // "base model": "..."
  std::optional<WeightErrors> errors;  // as recorded when it was quantized, of all tensors
  std::vector<std::string> notes;      // what a reader should know
};

// Copies share the open files. Thread: safe.
class Checkpoint {
 public:
  // Opens a folder, a .safetensors or a .gguf file; reads headers only. Throws Error naming the file,
  // the tensor, what was expected and what was found.
  explicit Checkpoint(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept;
  const CheckpointInfo& info() const noexcept;
  // The text of config.json; empty where there is none.
  std::string ConfigJson() const;
  // All values of one tensor, decoded, row-major. Memory: that of the values. Throws
  // Error{kNotFound} naming similar tensors, Error{kUnsupported} for types that are no weights.
  std::vector<float> ReadTensor(std::string_view name) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;  // immutable
};

}  // namespace hlwq
