// What a tensor of a checkpoint is stored as, in words and bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace hlwq::eval {

struct StorageInfo {
  std::string name;       // "BF16", "hlwq 5 bits lloyd-max", "Q4_K", "synthetic BF16"
  std::string codec;      // "hlwq", "ggml"; empty when stored as plain numbers
  int bits = 0;           // nominal bits of a code; 0 when stored as plain numbers
  uint64_t bytes = 0;     // without parts that depend on the shape alone
  bool is_number = true;  // false: a plain dtype that is not decoded to float32

  bool is_quantized() const noexcept { return !codec.empty(); }
};

StorageInfo DescribeStorage(const checkpoint::TensorEntry& entry);

// The stretches of files that hold the tensor, in storage order.
std::vector<checkpoint::FileRange> StoredRanges(const checkpoint::TensorEntry& entry);

}  // namespace hlwq::eval
