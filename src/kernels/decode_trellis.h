// Decoding whole blocks of the trellis code: the vector form of codec::DecodeTrellisBlock and the
// rounding to the output type, in one pass.
#pragma once

#include <cstddef>
#include <span>

#include "codec/trellis_table.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

// Blocks in block form (codec/trellis_tile.h), one after another.
struct TrellisCodedBlocks {
  const codec::TrellisTable* table = nullptr;
  std::span<const std::byte> codes;   // codec::TrellisBlockBytes(table->bits()) a block
  std::span<const std::byte> scales;  // two a block
  std::span<const float> row_scales;  // one a block: its row's multiplier
};

// Writes 128 weights of `dtype` (F16, BF16 or F32) a block; any alignment, no overlap. Equal to the
// scalar reference bit for bit on every target. Thread: safe.
void DecodeTrellisBlocks(const TrellisCodedBlocks& blocks, DType dtype,
                         std::span<std::byte> weights) noexcept;

}  // namespace hlwq::kernels
