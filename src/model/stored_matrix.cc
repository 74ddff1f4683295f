#include "model/stored_matrix.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "codec/trellis_block.h"
#include "kernels/decode_blocks.h"
#include "kernels/decode_trellis.h"
#include "kernels/float_rows.h"

namespace hlwq::model {
namespace {

using kernels::DenseMatrix;
using kernels::TokenRange;

constexpr uint16_t kHalfOne = 0x3C00;

InputForms Forms(const DenseMatrix& /*w*/) { return {.plain = true}; }

size_t RowBytes(const DenseMatrix& w) { return w.shape.in * BitsPerElement(w.dtype) / 8; }

void Tiles(const DenseMatrix& w, const LinearInput& input, TokenRange tokens, RowRange rows,
           size_t stride, std::span<float> y) {
  kernels::DenseMatMul(w, input.floats().subspan(tokens.begin * input.width()), input.width(),
                       tokens.size(), rows, stride, y);
}

// Both have the same bits.
void Vectors(const DenseMatrix& w, const LinearInput& input, TokenRange tokens, RowRange rows,
             size_t stride, std::span<float> y) {
  if (tokens.size() == 1)
    return kernels::DenseMatVec(w, input[tokens.begin], rows, y.first(w.shape.out));
  Tiles(w, input, tokens, rows, stride, y);
}

void Read(const DenseMatrix& w, size_t row, std::span<float> weights) {
  const size_t bytes = RowBytes(w);
  kernels::ToFloat(w.dtype, w.data.subspan(row * bytes, bytes), weights);
}

// Of both codes.

template <class Coded>
InputForms Forms(const Coded& w) {
  const bool is_narrow = w.levels->width == kernels::DotWidth::kNarrow;
  constexpr bool kHasTiles = requires { w.tiles(); };
  return {.plain = false, .narrow = is_narrow, .wide = !is_narrow, .tiles = kHasTiles};
}

template <class Coded>
void Tiles(const Coded& w, const LinearInput& input, TokenRange tokens, RowRange rows,
           size_t stride, std::span<float> y) {
  kernels::CodedMatMul(w, input.rotated(), tokens, rows, stride, y);
}

template <class Coded>
void Vectors(const Coded& w, const LinearInput& input, TokenRange tokens, RowRange rows,
             size_t stride, std::span<float> y) {
  kernels::CodedMatVecs(w, input.rotated(), tokens, rows, stride, y);
}

// Calls decode(b, block) for the blocks of a row, and takes what belongs to the row.
template <typename Decode>
void ReadBlocks(std::span<float> weights, Decode decode) {
  std::array<float, codec::kBlockSize> block;
  for (size_t begin = 0; begin < weights.size(); begin += codec::kBlockSize) {
    decode(begin / codec::kBlockSize, std::span(block));
    const size_t count = std::min(weights.size() - begin, codec::kBlockSize);
    std::copy_n(block.begin(), count, weights.begin() + static_cast<ptrdiff_t>(begin));
  }
}

size_t RowBytes(const HlwqMatrix& w) {
  return w.blocks() *
         (codec::PackedBlockBytes(w.order, w.levels->bits) + BitsPerElement(w.norm_dtype) / 8);
}

// Blocks are decoded with a multiplier of 1 where theirs is not the fp16 that the decoder reads.
void Read(const HlwqMatrix& w, size_t row, std::span<float> weights) {
  const size_t block_bytes = codec::PackedBlockBytes(w.order, w.levels->bits);
  const size_t norm_bytes = w.norm_dtype == DType::kF32 ? 4 : 2;
  ReadBlocks(weights, [&](size_t b, std::span<float> block) {
    const size_t index = row * w.blocks() + b;
    const std::span<const std::byte> norm = w.norms.subspan(index * norm_bytes, norm_bytes);
    const std::span<const std::byte> half =
        norm_bytes == 2 ? norm : std::as_bytes(std::span(&kHalfOne, 1));
    kernels::DecodeBlocks({.order = w.order,
                           .bits = w.levels->bits,
                           .levels = w.float_levels,
                           .packed = w.packed.subspan(index * block_bytes, block_bytes),
                           .multipliers = half},
                          DType::kF32, std::as_writable_bytes(block));
    if (norm_bytes == 2) return;
    float scale;
    std::memcpy(&scale, norm.data(), sizeof(scale));
    for (float& weight : block) weight *= scale;
  });
}

size_t RowBytes(const TrellisMatrix& w) {
  return w.blocks() * (w.block_bytes() + codec::kGroupsPerBlock) + codec::kRowScaleBytes;
}

void Read(const TrellisMatrix& w, size_t row, std::span<float> weights) {
  const float row_scale = codec::RowScaleAt(w.row_scales, row);
  ReadBlocks(weights, [&](size_t b, std::span<float> block) {
    const size_t index = row * w.blocks() + b;
    kernels::DecodeTrellisBlocks(
        {.table = w.table,
         .codes = w.codes.subspan(index * w.block_bytes(), w.block_bytes()),
         .scales = w.scales.subspan(index * codec::kGroupsPerBlock, codec::kGroupsPerBlock),
         .row_scales = {&row_scale, 1}},
        DType::kF32, std::as_writable_bytes(block));
  });
}

// Of interleaved rows, what the stored ones are asked for.

size_t RowBytes(const TiledHlwqMatrix& w) { return RowBytes(w.rows); }
size_t RowBytes(const TiledTrellisMatrix& w) { return RowBytes(w.rows); }
void Read(const TiledHlwqMatrix& w, size_t row, std::span<float> weights) {
  Read(w.rows, row, weights);
}
void Read(const TiledTrellisMatrix& w, size_t row, std::span<float> weights) {
  Read(w.rows, row, weights);
}

template <class Matrix>
size_t RowUnit(const Matrix& /*w*/) {
  if constexpr (requires(const Matrix& w) { w.tiles(); }) return kernels::kTileRows;
  return 4;
}

// The spans of a matrix as it is stored, all of whole rows.

template <typename Visit>
void VisitParts(DenseMatrix& w, Visit visit) {
  visit(w.data);
}

template <typename Visit>
void VisitParts(HlwqMatrix& w, Visit visit) {
  visit(w.packed);
  visit(w.norms);
}

template <typename Visit>
void VisitParts(TrellisMatrix& w, Visit visit) {
  visit(w.codes);
  visit(w.scales);
  visit(w.row_scales);
}

// As it is stored.
StoredMatrix Rows(const StoredMatrix& matrix) {
  if (const auto* tiled = std::get_if<TiledHlwqMatrix>(&matrix)) return tiled->rows;
  if (const auto* tiled = std::get_if<TiledTrellisMatrix>(&matrix)) return tiled->rows;
  return matrix;
}

// The matrix with each of its spans changed by change(span).
template <typename Change>
StoredMatrix WithParts(const StoredMatrix& matrix, Change change) {
  StoredMatrix changed = Rows(matrix);
  std::visit(
      [&](auto& w) {
        if constexpr (requires { VisitParts(w, change); }) VisitParts(w, change);
      },
      changed);
  return changed;
}

}  // namespace

MatrixShape ShapeOf(const StoredMatrix& matrix) noexcept {
  return std::visit([](const auto& w) { return w.shape; }, matrix);
}

InputForms FormsOf(const StoredMatrix& matrix) noexcept {
  return std::visit([](const auto& w) { return Forms(w); }, matrix);
}

size_t RowBytesOf(const StoredMatrix& matrix) noexcept {
  return std::visit([](const auto& w) { return RowBytes(w); }, matrix);
}

size_t RowUnitOf(const StoredMatrix& matrix) noexcept {
  return std::visit([](const auto& w) { return RowUnit(w); }, matrix);
}

uint64_t BytesOf(const StoredMatrix& matrix) noexcept {
  return RowBytesOf(matrix) * ShapeOf(matrix).out;
}

void MultiplyVectors(const StoredMatrix& matrix, const LinearInput& input, TokenRange tokens,
                     RowRange rows, size_t stride, std::span<float> y) noexcept {
  if (tokens.size() == 0) return;
  std::visit([&](const auto& w) { Vectors(w, input, tokens, rows, stride, y); }, matrix);
}

void MultiplyTiles(const StoredMatrix& matrix, const LinearInput& input, TokenRange tokens,
                   RowRange rows, size_t stride, std::span<float> y) noexcept {
  std::visit([&](const auto& w) { Tiles(w, input, tokens, rows, stride, y); }, matrix);
}

void ReadWeights(const StoredMatrix& matrix, size_t row, std::span<float> weights) noexcept {
  std::visit([&](const auto& w) { Read(w, row, weights); }, matrix);
}

StoredMatrix RowsOf(const StoredMatrix& matrix, RowRange rows) noexcept {
  const uint64_t all = ShapeOf(matrix).out;
  HLWQ_DASSERT(rows.begin <= rows.end && rows.end <= all);
  StoredMatrix part = WithParts(matrix, [&](ConstBytes& bytes) {
    const size_t row_bytes = bytes.size() / all;
    bytes = bytes.subspan(rows.begin * row_bytes, (rows.end - rows.begin) * row_bytes);
  });
  std::visit([&](auto& w) { w.shape.out = rows.end - rows.begin; }, part);
  return part;
}

void ForEachPart(const StoredMatrix& matrix, FunctionRef<void(ConstBytes part)> visit) {
  WithParts(matrix, [&](ConstBytes& bytes) { visit(bytes); });
}

StoredMatrix Moved(const StoredMatrix& matrix, FunctionRef<ConstBytes(ConstBytes part)> move) {
  return WithParts(matrix, [&](ConstBytes& bytes) { bytes = move(bytes); });
}

}  // namespace hlwq::model
