// What EncodeTrellisBlocks passes to its targets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/trellis_blocks.h"
#include "kernels/trellis_cells.h"

namespace hlwq::kernels {

struct EncodeTrellisArguments {
  const TrellisCells* cells = nullptr;
  const codec::TrellisSearch* search = nullptr;
  const float* v = nullptr;
  const codec::GroupShape* shapes = nullptr;
  const float* row_scales = nullptr;
  uint8_t* codes = nullptr;
  uint8_t* scales = nullptr;
  codec::TrellisBlockSums* sums = nullptr;
  size_t count = 0;
};

}  // namespace hlwq::kernels
