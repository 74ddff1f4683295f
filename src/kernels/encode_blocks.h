// Coding whole blocks: the vector form of codec::EncodeBlock and the MSB-first packer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/hlwq_block.h"
#include "kernels/level_cells.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

// Codes sums.size() blocks of 128 weights of `dtype` (F16, BF16 or F32), contiguous, any alignment,
// with the levels that `cells` (of ChooseLevelCells) stand for. `packed` takes 16 * bits bytes a
// block, `multipliers` a little-endian fp16 a block. Returns the number of blocks
// done before the first that cannot be stored (codec::EncodeBlock), sums.size() if there is none;
// what is written beyond is unspecified. Buffers do not overlap.
//
// Bytes and sums equal the scalar reference's on every target. Stack: 28 KiB. Thread: safe.
size_t EncodeBlocks(const LevelCells& cells, codec::ScaleRule rule, DType dtype,
                    std::span<const std::byte> weights, std::span<std::byte> packed,
                    std::span<std::byte> multipliers, std::span<codec::BlockSums> sums) noexcept;

}  // namespace hlwq::kernels
