// Products with matrices of hlwq codes, read as they lie in the file.
#pragma once

#include <cstddef>
#include <span>

#include "codec/bitpack.h"
#include "kernels/dot_levels.h"
#include "kernels/rotated_inputs.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::kernels {

// W [out, in]: the code blocks of each row, row after row, and their multipliers. Any alignment.
// Nothing is read outside the spans.
struct CodedMatrix {
  MatrixShape shape;
  codec::BitOrder order = codec::BitOrder::kMsb;
  const DotLevels* levels = nullptr;
  std::span<const std::byte> packed;  // PackedBlockBytes(order, levels->bits) a block
  std::span<const std::byte> norms;   // [out, blocks] of norm_dtype, little-endian
  DType norm_dtype = DType::kF16;     // or F32

  size_t blocks() const noexcept { return (shape.in + 127) / 128; }  // of a row
};

// y[(token - tokens.begin) * stride + row] = W[row] x_token for the tokens and rows of the ranges.
// `inputs` holds the tokens in the width of the levels. One value depends neither on the ranges nor on
// the other tokens. The float sum of a row runs over partial sums in an order that depends on the
// target and differs from CodedMatMul's. Best for up to 16 tokens, which share the decoding of levels.
// Thread: safe for disjoint rows. Stack: below 40 KiB; allocates nothing. Cost: one token, memory
// bandwidth of the codes; several, integer arithmetic.
void CodedMatVecs(const CodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept;
// Of one token: y has the elements of all rows of W.
inline void CodedMatVec(const CodedMatrix& w, const RotatedInputs& inputs, size_t token,
                        RowRange rows, std::span<float> y) noexcept {
  CodedMatVecs(w, inputs, {token, token + 1}, rows, w.shape.out, y);
}

// The same, where one value is exact integer sums of blocks and then a float sum over blocks in
// ascending order. Levels are decoded once for 512 tokens.
// Best when rows.begin is a multiple of kMatMulRows. Thread: safe for disjoint rows. Stack: below
// 192 KiB; allocates nothing.
inline constexpr size_t kMatMulRows = 64;
void CodedMatMul(const CodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept;

}  // namespace hlwq::kernels
