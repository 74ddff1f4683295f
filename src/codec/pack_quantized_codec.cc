#include "codec/pack_quantized_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "codec/block_errors.h"
#include "codec/float_rows.h"

namespace hlwq::codec {
namespace {

template <class Want, class Got>
void Check(bool holds, ErrorCode code, const char* what, const Want& want, const Got& got) {
  if (holds) return;
  throw Error(code,
              fmt::format("codec {}: want {} {}, got {}", kPackQuantizedCodec, what, want, got));
}

std::vector<float> IntLevels(int bits) {
  std::vector<float> levels(size_t{1} << bits);
  for (size_t code = 0; code < levels.size(); ++code) {
    levels[code] = static_cast<float>(code) + IntCoding{.bits = bits}.lowest();
  }
  return levels;
}

CodecSpec Checked(CodecSpec spec) {
  const DType dtype = std::get<PackQuantizedParameters>(spec.parameters).scale_dtype;
  if (spec.bits < kMinIntBits || spec.bits > kMaxIntBits) {
    Check(false, ErrorCode::kInvalidArgument, "bits in",
          fmt::format("{}..{}", kMinIntBits, kMaxIntBits), spec.bits);
  }
  Check(IsWeightFloat(dtype), ErrorCode::kUnsupported, "scales of", "F16, BF16 or F32",
        DTypeName(dtype));
  std::vector<float> levels = IntLevels(spec.bits);
  if (!spec.levels.empty() && spec.levels != levels) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec {}: levels are not the integers of {} bits", kPackQuantizedCodec,
                            spec.bits));
  }
  spec.levels = std::move(levels);
  return spec;
}

// Row parts, in the order of Parts().
enum RowPart : size_t { kPacked, kScale, kNumRowParts };

}  // namespace

struct PackQuantizedCodec::RowLayout {
  uint64_t in = 0;
  size_t group = 0;  // weights
  size_t groups = 0;
  size_t packed_bytes = 0;
  size_t scale_bytes = 0;

  template <typename Byte>
  void CheckFit(DType dtype, size_t weight_bytes, std::span<const std::span<Byte>> parts) const {
    const uint64_t row_bytes = in * BitsPerElement(dtype) / 8;
    const uint64_t rows = weight_bytes / row_bytes;
    if (weight_bytes != rows * row_bytes || parts.size() != kNumRowParts ||
        parts[kPacked].size() != rows * packed_bytes ||
        parts[kScale].size() != rows * scale_bytes) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("codec {}: buffers do not fit {} rows of {}", kPackQuantizedCodec, rows, in));
    }
  }
};

// What one call needs for a row.
struct PackQuantizedCodec::Batch {
  DType dtype = DType::kF32;
  std::vector<float> scratch;
  std::vector<uint8_t> codes;
  std::vector<IntGroupSums> sums;
};

PackQuantizedCodec::PackQuantizedCodec(const CodecSpec& spec)
    : spec_(Checked(spec)),
      parameters_(std::get<PackQuantizedParameters>(spec_.parameters)),
      coding_{spec_.bits, parameters_.scale_dtype,
              parameters_.scale_rule.value_or(IntScaleRule::kMse)} {}

PackQuantizedCodec::RowLayout PackQuantizedCodec::LayoutOf(uint64_t in) const {
  const uint64_t group = parameters_.scale_group == 0 ? in : parameters_.scale_group;
  if (in == 0 || in % group != 0) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("codec {}: want rows of whole groups of {}, got {}",
                            kPackQuantizedCodec, group, in));
  }
  const uint64_t element = BitsPerElement(parameters_.scale_dtype) / 8;
  const auto words = WordsPerRow(parameters_.word_order, spec_.bits, in);
  const auto packed = words ? CheckedMul<uint64_t>(*words, 4) : std::nullopt;
  const auto scales = CheckedMul<uint64_t>(in / group, element);
  if (!packed || !scales) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("codec {}: no room for rows of {}", kPackQuantizedCodec, in));
  }
  return {in, static_cast<size_t>(group), static_cast<size_t>(in / group),
          static_cast<size_t>(*packed), static_cast<size_t>(*scales)};
}

std::vector<Part> PackQuantizedCodec::Parts(MatrixShape shape) const {
  const RowLayout layout = LayoutOf(shape.in);
  const auto row_part = [&](const char* suffix, DType dtype, uint64_t bytes_per_row) {
    const auto bytes = CheckedMul<uint64_t>(shape.out, bytes_per_row);
    if (!bytes || shape.out > uint64_t{INT64_MAX} || shape.in > uint64_t{INT64_MAX}) {
      throw Error(ErrorCode::kUnsupported, fmt::format("codec {}: no room for a matrix [{}, {}]",
                                                       kPackQuantizedCodec, shape.out, shape.in));
    }
    return Part{.suffix = suffix,
                .dtype = dtype,
                .shape = {shape.out, bytes_per_row * 8 / BitsPerElement(dtype)},
                .bytes = *bytes,
                .units = {bytes_per_row},
                .constant_data = {}};
  };
  Part packed = row_part("_packed", DType::kI32, layout.packed_bytes);
  Part scale = row_part("_scale", parameters_.scale_dtype, layout.scale_bytes);
  Part record;
  record.suffix = "_shape";
  record.dtype = DType::kI64;
  record.shape = {2};
  const uint64_t sides[2] = {shape.out, shape.in};
  record.bytes = sizeof sides;
  record.constant_data.resize(sizeof sides);
  std::memcpy(record.constant_data.data(), sides, sizeof sides);
  return {std::move(packed), std::move(scale), std::move(record)};
}

void PackQuantizedCodec::EncodeRow(const RowLayout& layout, Batch& batch,
                                   std::span<const std::byte> weights, uint64_t row,
                                   std::span<std::byte> words, std::span<std::byte> scales) const {
  const size_t done =
      EncodeGroups(batch.dtype, weights, batch.scratch, batch.codes, scales, batch.sums);
  if (done < layout.groups) {
    const size_t bytes = weights.size() / layout.groups;
    std::vector<float> wide(layout.group);
    ToFloat(batch.dtype, weights.subspan(done * bytes, bytes), wide);
    RequireFinite(wide, row, done * layout.group);
    float largest = 0;
    for (const float w : wide) largest = std::max(largest, std::abs(w));
    throw Error(ErrorCode::kNonFinite,
                fmt::format("{}: want a scale that {} can hold, got {:.6g}",
                            BlockPlace(wide, row, done * layout.group),
                            DTypeName(parameters_.scale_dtype), largest / coding_.half_range()));
  }
  PackWords(parameters_.word_order, spec_.bits, batch.codes, words);
}

void PackQuantizedCodec::CountErrors(const RowLayout& layout, const Batch& batch,
                                     std::span<const std::byte> weights, uint64_t row,
                                     ErrorStats& stats) const {
  stats.count += layout.in;
  for (size_t i = 0; i < layout.groups; ++i) {
    const IntGroupSums& sums = batch.sums[i];
    const double unit = sums.unit;
    const double scale = sums.scale;
    stats.signal += unit * unit * sums.energy;
    stats.noise += unit * unit * sums.error;
    stats.dot += unit * scale * sums.along;
    stats.decoded += scale * scale * sums.levels;
    stats.max_abs_error = std::max(stats.max_abs_error, unit * sums.max_error);
    stats.zero_blocks += sums.is_zero ? 1 : 0;
    if ((row * layout.groups + i) % ErrorStats::kSampledBlocks != 0) continue;
    const size_t bytes = weights.size() / layout.groups;
    std::vector<float> wide(layout.group);
    ToFloat(batch.dtype, weights.subspan(i * bytes, bytes), wide);
    CountCodes(std::span(batch.codes).subspan(i * layout.group, layout.group), stats);
    CountCoordinates(wide, stats);
  }
}

void PackQuantizedCodec::EncodeRowsWith(const Feedback* feedback, DType dtype,
                                        std::span<const std::byte> weights, uint64_t in,
                                        uint64_t first_row,
                                        std::span<const std::span<std::byte>> row_parts,
                                        ErrorStats& stats) const {
  if (feedback == nullptr) return EncodeAlone(dtype, weights, in, first_row, row_parts, stats);
  ErrorStats unused;
  EncodeAlone(dtype, weights, in, first_row, row_parts, unused);
  const RowLayout layout = LayoutOf(in);
  const size_t batch = kFeedbackRows * static_cast<size_t>(in) * BitsPerElement(dtype) / 8;
  for (size_t begin = 0; begin < weights.size(); begin += batch) {
    const auto source = weights.subspan(begin, std::min(batch, weights.size() - begin));
    const size_t row = begin / batch * kFeedbackRows;
    const size_t rows = source.size() * kFeedbackRows / batch;
    CodeWith(*feedback, dtype, source, in, first_row + row,
             row_parts[kScale].subspan(row * layout.scale_bytes, rows * layout.scale_bytes),
             row_parts[kPacked].subspan(row * layout.packed_bytes, rows * layout.packed_bytes),
             stats);
  }
  AddDecodedErrors(*this, dtype, weights, in, row_parts, stats);
}

void PackQuantizedCodec::EncodeAlone(DType dtype, std::span<const std::byte> weights, uint64_t in,
                                     uint64_t first_row,
                                     std::span<const std::span<std::byte>> row_parts,
                                     ErrorStats& stats) const {
  CheckWeightFloat(dtype);
  Check(parameters_.scale_rule.has_value(), ErrorCode::kUnsupported, "scale rule", "mse or absmax",
        "unknown");
  const RowLayout layout = LayoutOf(in);
  layout.CheckFit(dtype, weights.size(), row_parts);
  if (weights.empty()) return;
  Batch batch;
  batch.dtype = dtype;
  batch.scratch.resize(CeilDiv(layout.group, kIntStep) * kIntStep);
  batch.codes.resize(static_cast<size_t>(in));
  batch.sums.resize(layout.groups);
  const size_t row_bytes = static_cast<size_t>(in) * BitsPerElement(dtype) / 8;
  for (size_t row = 0; row < weights.size() / row_bytes; ++row) {
    const auto source = weights.subspan(row * row_bytes, row_bytes);
    EncodeRow(layout, batch, source, first_row + row,
              row_parts[kPacked].subspan(row * layout.packed_bytes, layout.packed_bytes),
              row_parts[kScale].subspan(row * layout.scale_bytes, layout.scale_bytes));
    CountErrors(layout, batch, source, first_row + row, stats);
  }
}

void PackQuantizedCodec::DecodeRowsTo(DType dtype,
                                      std::span<const std::span<const std::byte>> row_parts,
                                      uint64_t in, std::span<std::byte> weights) const {
  CheckWeightFloat(dtype);
  const RowLayout layout = LayoutOf(in);
  layout.CheckFit(dtype, weights.size(), row_parts);
  const size_t row_bytes = static_cast<size_t>(in) * BitsPerElement(dtype) / 8;
  std::vector<uint8_t> codes(static_cast<size_t>(in));
  for (size_t row = 0; row < weights.size() / row_bytes; ++row) {
    UnpackWords(parameters_.word_order, spec_.bits,
                row_parts[kPacked].subspan(row * layout.packed_bytes, layout.packed_bytes), codes);
    DecodeGroups(codes, row_parts[kScale].subspan(row * layout.scale_bytes, layout.scale_bytes),
                 dtype, weights.subspan(row * row_bytes, row_bytes));
  }
}

}  // namespace hlwq::codec
