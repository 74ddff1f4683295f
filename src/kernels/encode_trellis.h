// Coding whole blocks with the trellis: the vector form of codec::EncodeGroup and
// codec::PackTrellisBlock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/trellis_blocks.h"
#include "kernels/trellis_cells.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

// v = Fwht128 of v.size() / 128 blocks of weights of `dtype` (F16, BF16 or F32), any alignment, and
// what codec::ShapeOf says of their groups. Equal to the scalar reference on every target; the reach
// of a group whose energy is not finite is unspecified. Thread: safe.
void TransformTrellisBlocks(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                            std::span<codec::GroupShape> shapes) noexcept;

// Codes sums.size() transformed blocks (codec::TrellisCodec::EncodeBlocks), to block form, with the
// levels that `cells` stand for. Bytes and sums equal the scalar reference's on every target. Stack: 64 KiB.
// Thread: safe.
void EncodeTrellisBlocks(const TrellisCells& cells, const codec::TrellisSearch& search,
                         const codec::TrellisBlocks& blocks, std::span<std::byte> codes,
                         std::span<std::byte> scales,
                         std::span<codec::TrellisBlockSums> sums) noexcept;

}  // namespace hlwq::kernels
