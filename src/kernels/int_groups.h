// Groups of integers with a common scale: the vector form of codec::EncodeIntGroup and
// codec::DecodeIntGroup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/int_group.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

// Codes sums.size() groups of codes.size() / sums.size() weights each, contiguous: `weights` of
// `dtype` (F16, BF16 or F32), any alignment, one code a byte, `scales` one value of
// coding.scale_dtype a group. `scratch` holds one group rounded up to whole codec::kIntStep.
// Returns the number of groups done before the first that cannot be stored (codec::EncodeIntGroup),
// sums.size() if there is none; what is written beyond is unspecified. Buffers do not overlap.
//
// Codes, scales and sums equal the scalar reference's on every target. Thread: safe.
size_t EncodeIntGroups(const codec::IntCoding& coding, DType dtype,
                       std::span<const std::byte> weights, std::span<float> scratch,
                       std::span<uint8_t> codes, std::span<std::byte> scales,
                       std::span<codec::IntGroupSums> sums) noexcept;

// The inverse, equal to the scalar reference bit for bit: as many groups as `scales` has values.
void DecodeIntGroups(const codec::IntCoding& coding, std::span<const uint8_t> codes,
                     std::span<const std::byte> scales, DType dtype,
                     std::span<std::byte> weights) noexcept;

}  // namespace hlwq::kernels
