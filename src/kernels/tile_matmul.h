// Products with matrices whose rows are interleaved by 16 (tile_layout.h): sums of 16 rows lie in the
// lanes of vectors, and nothing is added across lanes.
#pragma once

#include <cstddef>
#include <span>

#include "codec/trellis_block.h"
#include "kernels/coded_matmul.h"
#include "kernels/dot_levels.h"
#include "kernels/rotated_inputs.h"
#include "kernels/tile_layout.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::kernels {

// Of the trellis code, as files have them. Any alignment. Nothing is read outside the spans.
struct TrellisMatrix {
  MatrixShape shape;
  const DotLevels* levels = nullptr;      // DotLevels::OfTrellis
  std::span<const std::byte> codes;       // [tile, group of 64 inputs]
  std::span<const std::byte> scales;      // [tile, group, 16], one byte each
  std::span<const std::byte> row_scales;  // [out] BF16
  size_t first_row = 0;                   // rows of the first tile that are not of the matrix

  size_t blocks() const noexcept { return (shape.in + 127) / 128; }  // of a row, with a half one
  size_t groups() const noexcept { return codec::TrellisGroups(shape.in); }
  size_t tiles() const noexcept { return (first_row + shape.out + kTileRows - 1) / kTileRows; }
  int bits() const noexcept { return levels->bits - 1; }  // stored for one weight
};

// Of hlwq codes of 4 or 5 bits: not as files have them, but as they can be laid out when a model is
// opened (tile_codes.h).
struct TiledCodedMatrix {
  MatrixShape shape;
  const DotLevels* levels = nullptr;
  std::span<const std::byte> codes;  // [tile, block]
  std::span<const std::byte> norms;  // [tile, block, 16] F16
  static constexpr size_t first_row = 0;

  size_t blocks() const noexcept { return (shape.in + 127) / 128; }
  size_t groups() const noexcept { return 2 * blocks(); }
  size_t tiles() const noexcept { return (shape.out + kTileRows - 1) / kTileRows; }
  int bits() const noexcept { return levels->bits; }
};

// How the inputs of a matrix are rotated.
inline LastBlock LastBlockOf(const TrellisMatrix& w) noexcept {
  return codec::EndsInHalfBlock(w.shape.in) ? LastBlock::kHalf : LastBlock::kPadded;
}
inline LastBlock LastBlockOf(const TiledCodedMatrix& /*w*/) noexcept { return LastBlock::kPadded; }

// y[(token - tokens.begin) * stride + row] = W[row] x_token for the tokens and rows of the ranges, with
// the same bits for any ranges: exact integer sums of groups, or blocks, then a float sum over blocks in
// ascending order. Inputs are those of LastBlockOf(w). Vectors are best for up to 16 tokens. Thread: safe for disjoint rows; rows are best
// taken in multiples of 16, of 64 by CodedMatMul. Allocates nothing; stack: below 16 KiB, 192 KiB.
void CodedMatVecs(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept;
void CodedMatVecs(const TiledCodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept;
void CodedMatMul(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept;
void CodedMatMul(const TiledCodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                 RowRange rows, size_t stride, std::span<float> y) noexcept;

// Of one token: y has the elements of all rows of W.
template <class Matrix>
requires requires(const Matrix& w) { w.tiles(); }
void CodedMatVec(const Matrix& w, const RotatedInputs& inputs, size_t token, RowRange rows,
                 std::span<float> y) noexcept {
  CodedMatVecs(w, inputs, {token, token + 1}, rows, w.shape.out, y);
}

}  // namespace hlwq::kernels
