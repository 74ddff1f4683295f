// What EncodeBlocks passes to its targets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/hlwq_block.h"
#include "kernels/level_cells.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

struct EncodeArguments {
  const LevelCells* cells = nullptr;
  codec::ScaleRule rule = codec::ScaleRule::kSearch;
  DType dtype = DType::kBF16;  // of the weights
  const uint8_t* weights = nullptr;
  uint8_t* packed = nullptr;
  uint8_t* multipliers = nullptr;
  codec::BlockSums* sums = nullptr;
  size_t count = 0;
};

}  // namespace hlwq::kernels
