#include "codec/trellis_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "codec/block_errors.h"
#include "codec/float_rows.h"
#include "codec/shape_record.h"
#include "codec/trellis_batch.h"
#include "codec/trellis_block.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

// Rows are coded together until they have about this many blocks.
constexpr uint64_t kBatchBlocks = 64;

CodecSpec WithLevels(CodecSpec spec) {
  const auto& trellis = std::get<TrellisParameters>(spec.parameters);
  if (spec.levels.empty()) spec.levels = TrellisLevels(trellis.table, spec.bits);
  return spec;
}

}  // namespace

TrellisCodec::TrellisCodec(const CodecSpec& spec)
    : spec_(WithLevels(spec)),
      table_(spec_.levels, spec_.bits),
      search_(TrellisSearchFor(std::get<TrellisParameters>(spec_.parameters).effort, spec_.bits)) {}

std::vector<Part> TrellisCodec::Parts(MatrixShape shape) const {
  Part record = ShapeRecord("hlwq-t", "__tmeta", shape);  // checks the shape
  const uint64_t tiles = CeilDiv<uint64_t>(shape.out, kTileRows);
  ShapeRecord("hlwq-t", "", {tiles * kTileRows, shape.in});  // checks what padding adds
  const auto row_part = [&](const char* suffix, DType dtype, RowUnits units) {
    return Part{.suffix = suffix,
                .dtype = dtype,
                .shape = {},
                .bytes = units.BytesOf(shape.out),
                .units = units,
                .constant_data = {}};
  };
  const uint64_t groups = TrellisGroups(shape.in);
  const uint64_t row_bytes = TrellisRowBytes(shape.in, spec_.bits);
  Part codes = row_part("__tcodes", DType::kU8, {row_bytes * kTileRows, kTileRows});
  codes.shape = {codes.bytes};
  Part scales = row_part("__tscales", DType::kU8, {groups * kTileRows, kTileRows});
  scales.shape = {tiles, groups, kTileRows};
  Part rows = row_part("__trows", DType::kBF16, {kRowScaleBytes});
  rows.shape = {shape.out};
  return {std::move(codes), std::move(scales), std::move(rows), std::move(record)};
}

// Transforms row `index` of the batch, and finds its multiplier.
void TrellisCodec::LoadRow(DType dtype, std::span<const std::byte> row, size_t index,
                           Batch& batch) const {
  const size_t element = BitsPerElement(dtype) / 8;
  const size_t n_blocks = static_cast<size_t>(batch.blocks_per_row);
  const size_t whole = static_cast<size_t>(batch.in / kBlockSize);
  const auto v = std::span(batch.v).subspan(index * n_blocks * kBlockSize, n_blocks * kBlockSize);
  const auto shapes = std::span(batch.shapes)
                          .subspan(index * n_blocks * kGroupsPerBlock, n_blocks * kGroupsPerBlock);
  TransformBlocks(dtype, row.first(whole * kBlockSize * element), v.first(whole * kBlockSize),
                  shapes.first(whole * kGroupsPerBlock));
  if (whole < n_blocks) {
    std::array<float, kBlockSize> padded = {};
    ToFloat(dtype, row.subspan(whole * kBlockSize * element),
            std::span<float>(padded).first(batch.in % kBlockSize));
    TransformBlocks(DType::kF32, std::as_bytes(std::span(padded)), v.last(kBlockSize),
                    shapes.last(kGroupsPerBlock));
    if (EndsInHalfBlock(batch.in)) {
      std::ranges::fill(v.last(kGroupSize), 0.0f);
      shapes.back() = {};
    }
  }
  float reach = 0;
  for (size_t group = 0; group < shapes.size(); ++group) {
    if (!std::isfinite(shapes[group].energy)) {
      const size_t block = group / kGroupsPerBlock;
      const auto weights = batch.Block(index * n_blocks + block);
      std::vector<float> wide(weights.size() / element);
      ToFloat(dtype, weights, wide);
      ThrowUnstorable(wide, batch.first_row + index, block * kBlockSize,
                      "squares that float32 can hold");
    }
    reach = std::max(reach, shapes[group].reach);
  }
  std::fill_n(batch.row_scales.begin() + static_cast<ptrdiff_t>(index * n_blocks), n_blocks,
              RowScaleFor(reach, table_));
}

void TrellisCodec::EncodeRowsWith(const Feedback* feedback, DType dtype,
                                  std::span<const std::byte> weights, uint64_t in,
                                  uint64_t first_row,
                                  std::span<const std::span<std::byte>> row_parts,
                                  ErrorStats& stats) const {
  CheckWeightFloat(dtype);
  const size_t row_bytes = static_cast<size_t>(in * BitsPerElement(dtype) / 8);
  const uint64_t rows = in == 0 ? 0 : weights.size() / row_bytes;
  Batch batch;
  batch.in = in;
  batch.blocks_per_row = CeilDiv<uint64_t>(in, kBlockSize);
  batch.dtype = dtype;
  if (weights.size() != rows * row_bytes || !PartsFit(row_parts, rows, in, spec_.bits)) {
    ThrowMisfit("buffers", rows, in);
  }
  if (rows == 0) return;
  const uint64_t batch_rows = feedback != nullptr
                                  ? kFeedbackRows
                                  : std::max<uint64_t>(1, kBatchBlocks / batch.blocks_per_row);
  for (uint64_t row = 0; row < rows; row += batch_rows) {
    const uint64_t count = std::min(batch_rows, rows - row);
    batch.first_row = first_row + row;
    batch.weights = weights.subspan(row * row_bytes, count * row_bytes);
    batch.Resize(count, block_bytes());
    for (size_t i = 0; i < count; ++i) {
      LoadRow(dtype, batch.weights.subspan(i * row_bytes, row_bytes), i, batch);
      const uint16_t scale = F32ToBF16(batch.row_scales[i * batch.blocks_per_row]);
      std::memcpy(row_parts[kRows].data() + (row + i) * kRowScaleBytes, &scale, kRowScaleBytes);
    }
    EncodeBlocks({batch.v, batch.shapes, batch.row_scales}, batch.codes, batch.scales, batch.sums);
    if (feedback != nullptr) {
      CodeWith(*feedback, batch, stats);
    } else {
      CountErrors(batch, stats);
    }
    PutRows(batch, row, count, row_parts);
  }
  PadTile(rows, row_parts);
  if (feedback != nullptr) AddDecodedErrors(*this, dtype, weights, in, row_parts, stats);
}

// Rows [row, row + count) of the parts.
void TrellisCodec::PutRows(const Batch& batch, uint64_t row, size_t count,
                           std::span<const std::span<std::byte>> row_parts) const {
  const size_t code_bytes = TrellisRowBytes(batch.in, spec_.bits);
  const size_t groups = TrellisGroups(batch.in);
  for (size_t i = 0; i < count; ++i) {
    const size_t of_tile = (row + i) % kTileRows;
    const size_t first_block = i * batch.blocks_per_row;
    PutTileRow(std::span(batch.codes).subspan(first_block * block_bytes(), code_bytes), of_tile,
               TileOf(row_parts[kCodes], row + i, kTileRows * code_bytes));
    PutTileScales(std::span(batch.scales).subspan(first_block * kGroupsPerBlock, groups), of_tile,
                  TileOf(row_parts[kScales], row + i, kTileRows * groups));
  }
}

void TrellisCodec::PadTile(uint64_t rows, std::span<const std::span<std::byte>> row_parts) const {
  if (rows % kTileRows == 0) return;
  const size_t tiles = CeilDiv<uint64_t>(rows, kTileRows);
  const size_t groups = row_parts[kScales].size() / tiles / kTileRows;
  std::array<uint8_t, kBlockSize> levels;
  levels.fill(static_cast<uint8_t>(table_.levels().size() / 2));
  std::vector<std::byte> codes(CeilDiv(groups, kGroupsPerBlock) * block_bytes());
  for (size_t at = 0; at < codes.size(); at += block_bytes()) {
    PackTrellisBlock(std::array<uint64_t, kGroupsPerBlock>{}, levels, spec_.bits,
                     std::span(codes).subspan(at, block_bytes()));
  }
  codes.resize(groups * (block_bytes() / kGroupsPerBlock));
  const std::vector<std::byte> scales(groups, std::byte{kZeroGroup});
  for (uint64_t row = rows; row < tiles * kTileRows; ++row) {
    PutTileRow(codes, row % kTileRows, TileOf(row_parts[kCodes], row, kTileRows * codes.size()));
    PutTileScales(scales, row % kTileRows, TileOf(row_parts[kScales], row, kTileRows * groups));
  }
}

void TrellisCodec::CountErrors(const Batch& batch, ErrorStats& stats) const {
  const std::span<const std::byte> codes(batch.codes);
  const std::span<const std::byte> scales(batch.scales);
  for (size_t i = 0; i < batch.sums.size(); ++i) {
    const auto stored = batch.Block(i);
    const size_t count = stored.size() * 8 / BitsPerElement(batch.dtype);
    const bool is_half = batch.IsHalf(i), is_padded = count < kBlockSize;
    const double per_weight = 1.0 / static_cast<double>(is_half ? kGroupSize : kBlockSize);
    double energy = 0;
    for (size_t group = 0; group < kGroupsPerBlock; ++group) {
      const size_t at = i * kGroupsPerBlock + group;
      const GroupSums& sums = batch.sums[i].groups[group];
      energy += batch.shapes[at].energy;
      if (is_padded) continue;
      const double multiplier =
          batch.row_scales[i] * GroupFactor(std::to_integer<uint8_t>(scales[at]));
      stats.noise += sums.error * per_weight;
      stats.dot += multiplier * sums.along * per_weight;
      stats.decoded += multiplier * multiplier * sums.levels * per_weight;
    }
    stats.count += count;
    stats.zero_blocks += energy == 0 ? 1 : 0;
    stats.signal += energy * per_weight;
    if (!is_padded) {
      stats.max_abs_error = std::max(stats.max_abs_error, double{batch.sums[i].max_error});
    }
    const uint64_t index = batch.first_row * batch.blocks_per_row + i;
    const bool is_sampled = index % ErrorStats::kSampledBlocks == 0;
    if (!is_padded && !is_sampled) continue;
    std::array<float, kBlockSize> weights = {};
    ToFloat(batch.dtype, stored, std::span<float>(weights).first(count));
    const auto block = codes.subspan(i * block_bytes(), block_bytes());
    if (is_sampled) {
      std::array<uint8_t, kBlockSize> levels;
      UnpackTrellisBlock(block, spec_.bits, levels);
      if (is_half) {
        CountCodes(std::span(levels).first(kGroupSize), stats);
        CountCoordinates(std::span(batch.v).subspan(i * kBlockSize, kGroupSize), stats);
      } else {
        CountSample(weights, levels, stats);
      }
    }
    if (!is_padded) continue;
    std::array<float, kBlockSize> decoded;
    const float row_scale = batch.row_scales[i] * (is_half ? kHalfBlockScale : 1.0f);
    DecodeBlocks(block, scales.subspan(i * kGroupsPerBlock, kGroupsPerBlock), {&row_scale, 1},
                 DType::kF32, std::as_writable_bytes(std::span(decoded)));
    AddWeightErrors(std::span(weights).first(count), std::span(decoded).first(count), stats);
  }
}

void TrellisCodec::DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts,
                                uint64_t in, std::span<std::byte> weights) const {
  CheckWeightFloat(dtype);
  const size_t element = BitsPerElement(dtype) / 8;
  const size_t row_bytes = static_cast<size_t>(in) * element;
  const uint64_t rows = in == 0 ? 0 : weights.size() / row_bytes;
  const size_t n_blocks = static_cast<size_t>(CeilDiv<uint64_t>(in, kBlockSize));
  if (weights.size() != rows * row_bytes || !PartsFit(row_parts, rows, in, spec_.bits)) {
    ThrowMisfit("parts", rows, in);
  }
  const size_t whole = static_cast<size_t>(in / kBlockSize);
  const size_t whole_bytes = whole * kBlockSize * element;
  std::vector<float> row_scales(n_blocks);
  // Of whole blocks: the second half of the last one, where it is not stored, is zero.
  std::vector<std::byte> codes_of_row(n_blocks * block_bytes());
  std::vector<std::byte> scales_of_row(n_blocks * kGroupsPerBlock, std::byte{kZeroGroup});
  const std::span<const std::byte> codes(codes_of_row);
  const std::span<const std::byte> scales(scales_of_row);
  const std::span stored_codes = std::span(codes_of_row).first(TrellisRowBytes(in, spec_.bits));
  const std::span stored_scales = std::span(scales_of_row).first(TrellisGroups(in));
  const float tail_factor = EndsInHalfBlock(in) ? kHalfBlockScale : 1.0f;
  std::array<std::byte, kBlockSize * sizeof(float)> tail;
  for (uint64_t row = 0; row < rows; ++row) {
    std::fill(row_scales.begin(), row_scales.end(), RowScaleAt(row_parts[kRows], row));
    TakeTileRow(TileOf(row_parts[kCodes], row, kTileRows * stored_codes.size()), row % kTileRows,
                stored_codes);
    TakeTileScales(TileOf(row_parts[kScales], row, kTileRows * stored_scales.size()),
                   row % kTileRows, stored_scales);
    const auto out = weights.subspan(row * row_bytes, row_bytes);
    DecodeBlocks(codes.first(whole * block_bytes()), scales.first(whole * kGroupsPerBlock),
                 std::span<const float>(row_scales).first(whole), dtype, out.first(whole_bytes));
    if (whole == n_blocks) continue;
    row_scales.back() *= tail_factor;
    DecodeBlocks(codes.last(block_bytes()), scales.last(kGroupsPerBlock),
                 std::span<const float>(row_scales).last(1), dtype,
                 std::span(tail).first(kBlockSize * element));
    std::memcpy(out.data() + whole_bytes, tail.data(), out.size() - whole_bytes);
  }
}

}  // namespace hlwq::codec
