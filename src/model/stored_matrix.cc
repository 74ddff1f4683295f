#include "model/stored_matrix.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/checked.h"
#include "base/error.h"
#include "codec/trellis_block.h"
#include "codec/trellis_tile.h"
#include "kernels/decode_blocks.h"
#include "kernels/decode_trellis.h"
#include "kernels/float_rows.h"
#include "tensor/row_units.h"

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
bool EndsInHalf(const Coded& w) {
  if constexpr (requires { w.tiles(); }) return LastBlockOf(w) == kernels::LastBlock::kHalf;
  return false;
}

template <class Coded>
InputForms Forms(const Coded& w) {
  const bool is_narrow = w.levels->width == kernels::DotWidth::kNarrow;
  constexpr bool kHasTiles = requires { w.tiles(); };
  if (EndsInHalf(w)) return {.half_narrow = is_narrow, .half_wide = !is_narrow};
  return {.narrow = is_narrow, .wide = !is_narrow, .tiles = kHasTiles};
}

template <class Coded>
const kernels::RotatedInputs& Rotated(const Coded& w, const LinearInput& input) {
  return EndsInHalf(w) ? input.rotated_half() : input.rotated();
}

template <class Coded>
void Tiles(const Coded& w, const LinearInput& input, TokenRange tokens, RowRange rows,
           size_t stride, std::span<float> y) {
  kernels::CodedMatMul(w, Rotated(w, input), tokens, rows, stride, y);
}

template <class Coded>
void Vectors(const Coded& w, const LinearInput& input, TokenRange tokens, RowRange rows,
             size_t stride, std::span<float> y) {
  kernels::CodedMatVecs(w, Rotated(w, input), tokens, rows, stride, y);
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
  return codec::TrellisRowBytes(w.shape.in, w.bits()) + w.groups() + codec::kRowScaleBytes;
}

// Blocks are read one at a time: the words of one row of a tile, and its scales.
void Read(const TrellisMatrix& w, size_t row, std::span<float> weights) {
  const size_t tile = (w.first_row + row) / codec::kTileRows;
  const size_t of_tile = (w.first_row + row) % codec::kTileRows;
  const size_t tile_bytes = codec::kTileRows * codec::TrellisRowBytes(w.shape.in, w.bits());
  const size_t tile_scales = codec::kTileRows * w.groups();
  const ConstBytes codes = w.codes.subspan(tile * tile_bytes, tile_bytes);
  const ConstBytes scales = w.scales.subspan(tile * tile_scales, tile_scales);
  const size_t group_bytes = codec::TrellisBlockBytes(w.bits()) / codec::kGroupsPerBlock;
  ReadBlocks(weights, [&](size_t b, std::span<float> block) {
    const size_t first = codec::kGroupsPerBlock * b;
    const size_t groups = std::min(codec::kGroupsPerBlock, w.groups() - first);
    std::array<std::byte, codec::TrellisBlockBytes(codec::kMaxTrellisBits)> block_codes = {};
    std::array<std::byte, codec::kGroupsPerBlock> block_scales;
    block_scales.fill(std::byte{codec::kZeroGroup});
    codec::TakeTileRow(codes.subspan(codec::kTileRows * first * group_bytes,
                                     codec::kTileRows * groups * group_bytes),
                       of_tile, std::span(block_codes).first(groups * group_bytes));
    codec::TakeTileScales(scales.subspan(codec::kTileRows * first, codec::kTileRows * groups),
                          of_tile, std::span(block_scales).first(groups));
    const bool is_half = groups < codec::kGroupsPerBlock;
    const float row_scale =
        codec::RowScaleAt(w.row_scales, row) * (is_half ? codec::kHalfBlockScale : 1.0f);
    kernels::DecodeTrellisBlocks({.table = w.table,
                                  .codes = std::span(block_codes).first(2 * group_bytes),
                                  .scales = block_scales,
                                  .row_scales = {&row_scale, 1}},
                                 DType::kF32, std::as_writable_bytes(block));
  });
}

// Of interleaved rows, what the stored ones are asked for.

size_t RowBytes(const TiledHlwqMatrix& w) { return RowBytes(w.rows); }
void Read(const TiledHlwqMatrix& w, size_t row, std::span<float> weights) {
  Read(w.rows, row, weights);
}

template <class Matrix>
size_t RowUnit(const Matrix& /*w*/) {
  if constexpr (requires(const Matrix& w) { w.tiles(); }) return kernels::kTileRows;
  return 4;
}

// The spans of a matrix as it is stored.

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

// Parts of which each row has as many bytes.
template <class Matrix>
void TakeRows(Matrix& w, RowRange rows) {
  VisitParts(w, [&](ConstBytes& bytes) {
    const size_t row_bytes = bytes.size() / w.shape.out;
    bytes = bytes.subspan(rows.begin * row_bytes, rows.size() * row_bytes);
  });
}

// The tiles that have the rows.
void TakeRows(TrellisMatrix& w, RowRange rows) {
  const RowRange of_tiles = {w.first_row + rows.begin, w.first_row + rows.end};
  for (ConstBytes* part : {&w.codes, &w.scales}) {
    const RowUnits tiles = {part->size() / CeilDiv(w.first_row + w.shape.out, codec::kTileRows),
                            codec::kTileRows};
    *part = part->subspan(tiles.OffsetOf(of_tiles.begin), tiles.BytesOf(of_tiles));
  }
  w.row_scales =
      w.row_scales.subspan(rows.begin * codec::kRowScaleBytes, rows.size() * codec::kRowScaleBytes);
  w.first_row = of_tiles.begin % codec::kTileRows;
}

// As it is stored.
StoredMatrix AsStored(const StoredMatrix& matrix) {
  if (const auto* tiled = std::get_if<TiledHlwqMatrix>(&matrix)) return tiled->rows;
  return matrix;
}

// The matrix with each of its spans changed by change(span).
template <typename Change>
StoredMatrix WithParts(const StoredMatrix& matrix, Change change) {
  StoredMatrix changed = AsStored(matrix);
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
  HLWQ_DASSERT(rows.begin <= rows.end && rows.end <= ShapeOf(matrix).out);
  StoredMatrix part = AsStored(matrix);
  std::visit(
      [&](auto& w) {
        if constexpr (!std::is_same_v<decltype(w), TiledHlwqMatrix&>) TakeRows(w, rows);
        w.shape.out = rows.size();
      },
      part);
  return part;
}

void ForEachPart(const StoredMatrix& matrix, FunctionRef<void(ConstBytes part)> visit) {
  WithParts(matrix, [&](ConstBytes& bytes) { visit(bytes); });
}

StoredMatrix Moved(const StoredMatrix& matrix, FunctionRef<ConstBytes(ConstBytes part)> move) {
  return WithParts(matrix, [&](ConstBytes& bytes) { bytes = move(bytes); });
}

}  // namespace hlwq::model
