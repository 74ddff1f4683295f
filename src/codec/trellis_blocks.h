// What the encoder of "hlwq-t" is given, scalar or vector.
#pragma once

#include <span>

#include "codec/trellis_block.h"
#include "codec/trellis_group.h"

namespace hlwq::codec {

// Transformed blocks on their way into the encoder; the spans are as long as there are blocks,
// times what is said.
struct TrellisBlocks {
  std::span<const float> v;            // 128: Fwht128 of the weights
  std::span<const GroupShape> shapes;  // 2; energies are finite
  std::span<const float> row_scales;   // 1: the multiplier of the block's row
};

}  // namespace hlwq::codec
