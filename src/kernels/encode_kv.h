// Codes whole tiles of keys and values (codec/kv_tile.h).
#pragma once

#include <cstddef>

#include "codec/kv_tile.h"

namespace hlwq::kernels {

// `from`, F16: keys [head_dim, kKvTile] or values [kKvTile, head_dim], as KvPages has them; `to`:
// layout.bytes(). Plain ones are copied. Else rotates, takes the mean from keys, and for each multiplier
// looks for the one with the least squared error: from the deviation of the values on, four times the best
// codes for a multiplier and the best multiplier for these codes. A block with a value that is no number gets such a multiplier. 8 bits: the largest
// magnitude becomes 127. Roundings are those of float32 sums in one order, so that the code is the same
// on every target but for fused products. Thread: safe for different tiles. Stack: 400 KiB.
void EncodeKvTile(const codec::KvTileLayout& layout, const std::byte* from, std::byte* to) noexcept;

}  // namespace hlwq::kernels
