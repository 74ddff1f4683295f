// Output tensors in safetensors shards.
#pragma once

#include <cstdint>
#include <span>

#include "convert/output_layout.h"

namespace hlwq::convert {

// Fills shards up to `max_shard_bytes` of data; a larger group gets a shard to itself. Throws
// Error{kInvalidData} when two tensors have one name.
// @post every shard's data is dense and every tensor starts at a multiple of its element size.
OutputLayout LayOutSafetensors(std::span<const OutputTensor> tensors, uint64_t max_shard_bytes);

}  // namespace hlwq::convert
