// ggml block formats, encoding: the same bytes as ggml's reference quantizers, on every CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/ggml_blocks.h"

namespace hlwq::codec {

// Q4_0, Q5_0 and Q8_0: formats whose encoder is one scale and a rounding. The others search.
bool CanEncodeGgml(GgmlType type) noexcept;

// Codes consecutive rows: `weights` [rows, in] row-major, `in` whole blocks of `type`, into
// rows * in / GgmlBlockWeights(type) blocks, which `blocks` holds exactly. Equal byte for byte to
// ggml's quantize_row_*_ref, and so to the Python gguf package. Where the reference divides by a
// subnormal number and goes on with infinity, the block is zero: its fp16 scale is.
// Throws Error{kNonFinite} ("row R, columns A..B: ...", R counted from `first_row`) for a value that
// is not finite and for a scale beyond fp16.
// @pre CanEncodeGgml(type).
// @post A weight decodes to within half a step, and 2^-11 of itself for the rounding of the scale; in
// Q4_0 and Q5_0 one step where it lies at the far end from the largest.
void EncodeGgml(GgmlType type, std::span<const float> weights, uint64_t in, uint64_t first_row,
                std::span<std::byte> blocks);

}  // namespace hlwq::codec
