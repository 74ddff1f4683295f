// Products with matrices of the trellis codec hlwq-t (docs/format.md), read as they lie in the
// file.
#pragma once

#include <cstddef>
#include <span>

#include "codec/trellis_block.h"
#include "kernels/coded_matmul.h"
#include "kernels/dot_levels.h"
#include "kernels/rotated_inputs.h"
#include "tensor/shape.h"

namespace hlwq::kernels {

// W [out, in]: the parts of the format, row after row. Any alignment. Nothing is read outside the
// spans.
struct TrellisMatrix {
  MatrixShape shape;
  const DotLevels* levels = nullptr;      // DotLevels::OfTrellis
  std::span<const std::byte> codes;       // block_bytes() a block
  std::span<const std::byte> scales;      // [out, 2 * blocks], one byte a group
  std::span<const std::byte> row_scales;  // [out] BF16

  size_t blocks() const noexcept { return (shape.in + 127) / 128; }  // of a row
  int bits() const noexcept { return levels->bits - 1; }             // stored for one weight
  size_t block_bytes() const noexcept { return codec::TrellisBlockBytes(bits()); }
};

// As the products with a CodedMatrix. The multiplier of a row, which all its terms share, comes
// last.
void CodedMatVecs(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept;
inline void CodedMatVec(const TrellisMatrix& w, const RotatedInputs& inputs, size_t token,
                        RowRange rows, std::span<float> y) noexcept {
  CodedMatVecs(w, inputs, {token, token + 1}, rows, w.shape.out, y);
}
void CodedMatMul(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept;

}  // namespace hlwq::kernels
