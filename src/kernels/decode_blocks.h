// Decoding whole blocks: the vector form of codec::UnpackBlock, codec::DecodeBlock and the rounding
// to the output type, in one pass.
#pragma once

#include <cstddef>
#include <span>

#include "codec/bitpack.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

// The codes of `packed` and the levels they stand for. `levels` is aligned to 64 bytes and padded
// to 256 entries, so that no code reads outside.
struct CodedBlocks {
  codec::BitOrder order = codec::BitOrder::kMsb;
  int bits = 0;
  const float* levels = nullptr;
  std::span<const std::byte> packed;       // codec::PackedBlockBytes(order, bits) a block
  std::span<const std::byte> multipliers;  // a little-endian fp16 a block
};

// Writes 128 weights of `dtype` (F16, BF16 or F32) a block; any alignment, no overlap. Equal to the
// scalar reference bit for bit on every target. Thread: safe.
void DecodeBlocks(const CodedBlocks& blocks, DType dtype, std::span<std::byte> weights) noexcept;

}  // namespace hlwq::kernels
