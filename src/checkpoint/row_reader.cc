#include "checkpoint/row_reader.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "checkpoint/small_floats/rows.h"
#include "checkpoint/views/row_change.h"

namespace hlwq::checkpoint {
namespace {

// Float32 weights decoded at a time: they stay in the second-level cache.
constexpr uint64_t kTileWeights = 32 * 1024;

uint64_t GgmlRowBytes(const GgmlStorage& storage, uint64_t in) {
  return in / codec::GgmlBlockWeights(storage.type) * codec::GgmlBlockBytes(storage.type);
}

}  // namespace

RowReader::RowReader(const Checkpoint& checkpoint, const TensorEntry& entry,
                     const codec::Backend& backend)
    : checkpoint_(checkpoint), entry_(entry), backend_(backend), matrix_(entry.AsMatrix()) {
  slice_rows_ = std::max<uint64_t>(matrix_.out, 1);
  if (const auto* coded = std::get_if<CodedStorage>(&entry.storage)) {
    codec_ = backend.MakeCodec(coded->spec);
    slice_rows_ = coded->matrix.out;
    for (const codec::Part& part : codec_->Parts(coded->matrix)) {
      if (!part.is_constant()) parts_.push_back(part.units);
    }
    unit_rows_ = codec_->unit_rows();
    has_wide_norms_ = coded->norm_dtype == DType::kF32;
    if (has_wide_norms_) parts_.at(1).bytes *= 2;
  } else if (const auto* scaled = std::get_if<ScaledStorage>(&entry.storage)) {
    slice_rows_ = scaled->is_transposed ? scaled->matrix.in : scaled->matrix.out;
    parts_ = {{ScaledRowBytes(*scaled)}, {ScaleRowBytes(*scaled), scaled->scale_rows}};
    if (scaled->is_transposed) {
      const RowRange all = {0, scaled->matrix.out};
      for (RowUnits& part : parts_) part = {part.BytesOf(all), slice_rows_};
    }
  } else if (const auto* ggml = std::get_if<GgmlStorage>(&entry.storage)) {
    parts_ = {{GgmlRowBytes(*ggml, matrix_.in)}};
  } else if (std::holds_alternative<SyntheticStorage>(entry.storage)) {
    parts_ = {{0}};
  } else if (const auto* derived = std::get_if<DerivedStorage>(&entry.storage)) {
    origin_ = std::make_shared<RowReader>(checkpoint, *derived->origin, backend);
    HLWQ_DASSERT(origin_->matrix_.in == matrix_.in);
    HLWQ_DASSERT(derived->first_row + matrix_.out <= origin_->matrix_.out);
    parts_ = origin_->parts_;
    slice_rows_ = std::min(slice_rows_, origin_->slice_rows_);
    if (derived->change) row_block_ = derived->change->row_block();
  } else {
    if (!IsWeightFloat(entry.dtype)) {
      throw Error(ErrorCode::kUnsupported, "'" + entry.name + "': want F16, BF16 or F32, got " +
                                               std::string(DTypeName(entry.dtype)));
    }
    parts_ = {{matrix_.in * BitsPerElement(entry.dtype) / 8}};
  }
}

RowRange RowReader::Widened(RowRange rows) const {
  const uint64_t end = (rows.end + row_block_ - 1) / row_block_ * row_block_;
  return {rows.begin / row_block_ * row_block_, std::min(end, matrix_.out)};
}

RowRange RowReader::OriginRows(RowRange rows) const {
  const uint64_t first = std::get<DerivedStorage>(entry_.storage).first_row;
  const RowRange whole = Widened(rows);
  return {whole.begin + first, whole.end + first};
}

RowRange RowReader::InSlice(RowRange rows) const noexcept {
  const uint64_t first = rows.begin / slice_rows_ * slice_rows_;
  return {(rows.begin - first) / unit_rows_ * unit_rows_, rows.end - first};
}

uint64_t RowReader::RowsBefore(RowRange rows) const noexcept {
  return rows.begin % slice_rows_ % unit_rows_;
}

uint64_t RowReader::row_block() const noexcept {
  return origin_ ? std::lcm(row_block_, origin_->row_block()) : unit_rows_;
}

uint64_t RowReader::StoredBytes(RowRange rows) const {
  if (origin_) return origin_->StoredBytes(OriginRows(rows));
  uint64_t bytes = 0;
  for (const RowUnits& part : parts_) bytes += part.BytesOf(InSlice(rows));
  return bytes;
}

template <typename Visit>
void RowReader::ForEachRange(RowRange rows, Visit&& visit) const {
  if (origin_) return origin_->ForEachRange(OriginRows(rows), visit);
  if (const auto* coded = std::get_if<CodedStorage>(&entry_.storage)) {
    const CodedSlice& slice = coded->slices[rows.begin / slice_rows_];
    const RowRange inner = InSlice(rows);
    HLWQ_DASSERT(inner.end <= slice_rows_);
    for (size_t part = 0; part < parts_.size(); ++part) {
      const FileRange& range = slice.row_parts[part];
      visit(range.file, range.offset + parts_[part].OffsetOf(inner.begin),
            parts_[part].BytesOf(inner));
    }
    return;
  }
  if (const auto* scaled = std::get_if<ScaledStorage>(&entry_.storage)) {
    const uint64_t slice = rows.begin / slice_rows_;
    const RowRange inner = InSlice(rows);
    HLWQ_DASSERT(inner.end <= slice_rows_);
    for (size_t part = 0; part < parts_.size(); ++part) {
      const FileRange& range = part == 0 ? scaled->values : scaled->scales;
      const uint64_t bytes = parts_[part].BytesOf(inner);
      if (bytes == 0) continue;
      visit(range.file,
            range.offset + slice * parts_[part].BytesOf({0, slice_rows_}) +
                parts_[part].OffsetOf(inner.begin),
            bytes);
    }
    return;
  }
  if (std::holds_alternative<SyntheticStorage>(entry_.storage)) return;
  const auto* ggml = std::get_if<GgmlStorage>(&entry_.storage);
  const FileRange& range = ggml ? ggml->range : std::get<PlainStorage>(entry_.storage).range;
  const uint64_t row_bytes = parts_[0].bytes;
  if (ggml == nullptr || ggml->row_map.empty()) {
    visit(range.file, range.offset + rows.begin * row_bytes, rows.size() * row_bytes);
    return;
  }
  // A vector is one row, and its map is of elements.
  const uint64_t units = ggml->row_map.size() / matrix_.out;
  const uint64_t unit_bytes = row_bytes / units;
  for (uint64_t unit = rows.begin * units; unit < rows.end * units; ++unit) {
    visit(range.file, range.offset + ggml->row_map[unit] * unit_bytes, unit_bytes);
  }
}

void RowReader::ReadStored(RowRange rows, std::vector<std::byte>& stored) const {
  stored.resize(StoredBytes(rows));
  size_t position = 0;
  ForEachRange(rows, [&](size_t file, uint64_t offset, uint64_t bytes) {
    checkpoint_.files[file].ReadAt(offset, std::span(stored).subspan(position, bytes));
    position += bytes;
  });
}

void RowReader::Prefetch(RowRange rows) const {
  ForEachRange(rows, [&](size_t file, uint64_t offset, uint64_t bytes) {
    checkpoint_.files[file].PrefetchHint(offset, bytes);
  });
}

size_t RowReader::FirstFile(uint64_t row) const {
  if (matrix_.out == 0) return 0;
  std::optional<size_t> first;
  ForEachRange({row, row + 1}, [&](size_t file, uint64_t, uint64_t) {
    if (!first) first = file;
  });
  return first.value_or(0);
}

std::optional<DType> RowReader::plain_dtype() const noexcept {
  if (std::holds_alternative<PlainStorage>(entry_.storage)) return entry_.dtype;
  return std::nullopt;
}

std::vector<std::span<const std::byte>> RowReader::PartsOf(
    RowRange rows, std::span<const std::byte> stored) const {
  std::vector<std::span<const std::byte>> parts;
  size_t position = 0;
  for (const RowUnits& part : parts_) {
    parts.push_back(stored.subspan(position, part.BytesOf(InSlice(rows))));
    position += parts.back().size();
  }
  return parts;
}

void RowReader::Decode(RowRange rows, std::span<const std::byte> stored,
                       std::span<float> weights) const {
  HLWQ_DASSERT(stored.size() == StoredBytes(rows));
  HLWQ_DASSERT(weights.size() == rows.size() * matrix_.in);
  if (origin_) {
    DecodeDerived(rows, stored, weights);
  } else if (codec_) {
    const auto parts = PartsOf(rows, stored);
    if (has_wide_norms_) {
      DecodeWideNorms(rows, parts, weights);
    } else {
      DecodeTo(DType::kF32, rows, stored, std::as_writable_bytes(weights));
    }
  } else if (const auto* scaled = std::get_if<ScaledStorage>(&entry_.storage)) {
    const auto parts = PartsOf(rows, stored);
    DecodeScaledRows(*scaled, InSlice(rows), parts[0], parts[1], weights);
  } else if (const auto* ggml = std::get_if<GgmlStorage>(&entry_.storage)) {
    codec::DecodeGgml(ggml->type, stored, weights);
  } else if (const auto* synthetic = std::get_if<SyntheticStorage>(&entry_.storage)) {
    const uint64_t first = rows.begin * matrix_.in;
    for (size_t index = 0; index < weights.size(); ++index) {
      weights[index] =
          synthetic->mean + synthetic->deviation * NearNormal(synthetic->seed, first + index);
    }
  } else {
    backend_.ToFloat(entry_.dtype, stored, weights);
  }
}

void RowReader::DecodeTiles(RowRange rows, std::span<const std::byte> stored, uint64_t unit_rows,
                            const VisitTile& visit) const {
  // Rows of several parts cannot be told apart inside `stored`, nor runs that begin before the first
  // row: they are decoded as one tile.
  const RowRange whole = Widened(rows);
  const bool is_contiguous =
      parts_.size() == 1 && whole.begin == rows.begin && whole.end == rows.end;
  const uint64_t unit = std::lcm(row_block_, unit_rows);
  const uint64_t tile_rows = kTileWeights / std::max<uint64_t>(matrix_.in, 1) / unit * unit;
  const uint64_t step = is_contiguous ? std::max(unit, tile_rows) : rows.size();
  std::vector<float> weights;
  for (uint64_t row = 0; row < rows.size(); row += step) {
    const RowRange tile = {row, std::min(rows.size(), row + step)};
    weights.resize(tile.size() * matrix_.in);
    const RowRange absolute = {rows.begin + tile.begin, rows.begin + tile.end};
    Decode(absolute,
           is_contiguous ? stored.subspan(row * parts_[0].bytes, StoredBytes(tile)) : stored,
           weights);
    visit(tile, weights);
  }
}

void RowReader::DecodeTo(DType dtype, RowRange rows, std::span<const std::byte> stored,
                         std::span<std::byte> weights) const {
  const uint64_t row_bytes = matrix_.in * BitsPerElement(dtype) / 8;
  if (codec_ && !has_wide_norms_) {
    const uint64_t before = RowsBefore(rows);
    if (before == 0) {
      codec_->DecodeRowsTo(dtype, PartsOf(rows, stored), matrix_.in, weights);
      return;
    }
    std::vector<std::byte> all(InSlice(rows).size() * row_bytes);
    codec_->DecodeRowsTo(dtype, PartsOf(rows, stored), matrix_.in, all);
    std::memcpy(weights.data(), all.data() + before * row_bytes, weights.size());
    return;
  }
  DecodeTiles(rows, stored, 1, [&](RowRange tile, std::span<const float> floats) {
    backend_.FromFloat(floats, dtype,
                       weights.subspan(tile.begin * row_bytes, tile.size() * row_bytes));
  });
}

// Codecs know fp16 norms only. A block is linear in its norm: decode with norms of 1, then
// multiply.
void RowReader::DecodeWideNorms(RowRange rows, std::span<const std::span<const std::byte>> parts,
                                std::span<float> weights) const {
  constexpr uint16_t kOneF16 = 0x3C00;
  const uint64_t num_norms = parts[1].size() / sizeof(float);
  const std::vector<uint16_t> ones(num_norms, kOneF16);
  codec_->DecodeRows(
      std::vector<std::span<const std::byte>>{parts[0], std::as_bytes(std::span(ones))}, matrix_.in,
      weights);
  const uint64_t norms_per_row = num_norms / rows.size();
  const uint64_t block_size =
      codec::DescribeSpec(std::get<CodedStorage>(entry_.storage).spec).block_size;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    for (uint64_t column = 0; column < matrix_.in; ++column) {
      float norm;
      const uint64_t index = row * norms_per_row + column / block_size;
      std::memcpy(&norm, parts[1].data() + index * sizeof(float), sizeof(float));
      weights[row * matrix_.in + column] *= norm;
    }
  }
}

void RowReader::DecodeDerived(RowRange rows, std::span<const std::byte> stored,
                              std::span<float> weights) const {
  const RowRange whole = Widened(rows);
  std::vector<float> widened;
  std::span<float> all = weights;
  if (whole.size() != rows.size()) {
    widened.resize(whole.size() * matrix_.in);
    all = widened;
  }
  origin_->Decode(OriginRows(rows), stored, all);
  const auto& derived = std::get<DerivedStorage>(entry_.storage);
  if (derived.change) derived.change->Apply(whole, all);
  if (all.data() == weights.data()) return;
  std::ranges::copy(all.subspan((rows.begin - whole.begin) * matrix_.in, weights.size()),
                    weights.begin());
}

void RowReader::ReadRows(RowRange rows, std::span<float> weights) const {
  std::vector<std::byte> stored;
  ReadStored(rows, stored);
  Decode(rows, stored, weights);
}

}  // namespace hlwq::checkpoint
