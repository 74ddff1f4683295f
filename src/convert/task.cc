#include "convert/task.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/checked.h"
#include "base/error.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::RowReader;
using checkpoint::TensorEntry;

// Float32 rows handled at a time inside one chunk: they stay in the second-level cache between
// decoding and encoding.
constexpr uint64_t kTileFloats = 32 * 1024;

// Rows [0, n) in tiles of about kTileFloats; calls visit(RowRange) relative to 0.
template <typename Visit>
void ForEachTile(uint64_t rows, uint64_t in, Visit&& visit) {
  const uint64_t step = std::max<uint64_t>(1, kTileFloats / std::max<uint64_t>(in, 1));
  for (uint64_t row = 0; row < rows; row += step) visit(RowRange{row, std::min(rows, row + step)});
}

std::span<float> Scratch(size_t floats) {
  thread_local std::vector<float> scratch;
  if (scratch.size() < floats) scratch.resize(floats);
  return std::span(scratch).first(floats);
}

class CopyTask final : public Task {
 public:
  CopyTask(const Checkpoint& source, const checkpoint::FileRange& range)
      : file_(source.files[range.file]), offset_(range.offset) {}

  void Read(RowRange range, std::vector<std::byte>& in) const override {
    in.resize(range.size());
    file_.ReadAt(offset_ + range.begin, in);
  }
  void Prefetch(RowRange range) const override {
    file_.PrefetchHint(offset_ + range.begin, range.size());
  }
  uint64_t SourceBytes(RowRange range) const override { return range.size(); }
  void Transform(RowRange, std::span<const std::byte> in, std::span<const std::span<std::byte>> out,
                 codec::ErrorStats&) const override {
    std::copy(in.begin(), in.end(), out[0].begin());
  }

 private:
  const File& file_;
  uint64_t offset_;
};

// What decoding and encoding tasks share: rows that come through a RowReader.
class RowTask : public Task {
 public:
  RowTask(const Checkpoint& source, const TensorEntry& entry, const codec::Backend& backend,
          uint64_t first_row)
      : reader_(source, entry, backend), first_row_(first_row) {
    const uint64_t row_bytes = std::max<uint64_t>(
        {reader_.StoredBytes({0, 1}), 2 * reader_.matrix().in, uint64_t{1}});
    rows_per_chunk = std::max<uint64_t>(1, kChunkBytes / row_bytes);
    rows_per_slice = reader_.slice_rows();
    source_file = reader_.FirstFile(first_row);
    name = entry.name;
  }

  void Read(RowRange range, std::vector<std::byte>& in) const override {
    reader_.ReadStored(Shifted(range), in);
  }
  void Prefetch(RowRange range) const override { reader_.Prefetch(Shifted(range)); }
  uint64_t SourceBytes(RowRange range) const override { return reader_.StoredBytes(range); }

 protected:
  // Calls visit(tile, floats) for the rows of `range`, `tile` counted from range.begin.
  template <typename Visit>
  void ForEachDecodedTile(RowRange range, std::span<const std::byte> in, Visit&& visit) const {
    const uint64_t columns = reader_.matrix().in;
    if (!reader_.is_row_contiguous()) {
      const std::span<float> floats = Scratch(range.size() * columns);
      reader_.Decode(Shifted(range), in, floats);
      ForEachTile(range.size(), columns, [&](RowRange tile) {
        visit(tile, floats.subspan(tile.begin * columns, tile.size() * columns));
      });
      return;
    }
    const uint64_t row_bytes = reader_.StoredBytes({0, 1});
    ForEachTile(range.size(), columns, [&](RowRange tile) {
      const std::span<float> floats = Scratch(tile.size() * columns);
      reader_.Decode(Shifted({range.begin + tile.begin, range.begin + tile.end}),
                     in.subspan(tile.begin * row_bytes, tile.size() * row_bytes), floats);
      visit(tile, floats);
    });
  }

  uint64_t columns() const { return reader_.matrix().in; }

 private:
  RowRange Shifted(RowRange range) const {
    return {range.begin + first_row_, range.end + first_row_};
  }

  RowReader reader_;
  uint64_t first_row_;
};

class DecodeTask final : public RowTask {
 public:
  DecodeTask(const Checkpoint& source, const TensorEntry& entry, DType dtype,
             const codec::Backend& backend)
      : RowTask(source, entry, backend, 0), dtype_(dtype), backend_(backend) {}

  void Transform(RowRange range, std::span<const std::byte> in,
                 std::span<const std::span<std::byte>> out, codec::ErrorStats&) const override {
    const uint64_t row_bytes = outputs[0].bytes_per_row;
    ForEachDecodedTile(range, in, [&](RowRange tile, std::span<const float> floats) {
      if (dtype_ == DType::kF16) RequireF16Range(floats, range.begin + tile.begin);
      backend_.FromFloat(floats, dtype_,
                         out[0].subspan(tile.begin * row_bytes, tile.size() * row_bytes));
    });
  }

 private:
  // A finite weight that would silently become infinite is an error; what is not finite stays so.
  void RequireF16Range(std::span<const float> floats, uint64_t first_row) const {
    constexpr float kRoundsToInfinity = 65520.0f;  // halfway from the largest F16 to the next step
    const auto bad = std::find_if(floats.begin(), floats.end(), [](float value) {
      return std::abs(value) >= kRoundsToInfinity && std::isfinite(value);
    });
    if (bad == floats.end()) return;
    const auto index = static_cast<uint64_t>(bad - floats.begin());
    throw Error(ErrorCode::kNonFinite,
                "row " + std::to_string(first_row + index / columns()) + ", column " +
                    std::to_string(index % columns()) + ": " + std::to_string(*bad) +
                    " is beyond F16; --dtype bf16 or f32 holds it");
  }

  DType dtype_;
  const codec::Backend& backend_;
};

class EncodeTask final : public RowTask {
 public:
  EncodeTask(const Checkpoint& source, const TensorEntry& entry, uint64_t first_row,
             std::shared_ptr<const codec::Codec> codec, const codec::Backend& backend)
      : RowTask(source, entry, backend, first_row), codec_(std::move(codec)) {}

  void Transform(RowRange range, std::span<const std::byte> in,
                 std::span<const std::span<std::byte>> out,
                 codec::ErrorStats& stats) const override {
    std::vector<std::span<std::byte>> parts(out.size());
    ForEachDecodedTile(range, in, [&](RowRange tile, std::span<const float> floats) {
      for (size_t part = 0; part < out.size(); ++part) {
        const uint64_t row_bytes = outputs[part].bytes_per_row;
        parts[part] = out[part].subspan(tile.begin * row_bytes, tile.size() * row_bytes);
      }
      codec_->EncodeRows(floats, columns(), range.begin + tile.begin, parts, stats);
    });
  }

 private:
  std::shared_ptr<const codec::Codec> codec_;
};

}  // namespace

std::unique_ptr<Task> MakeCopyTask(const Checkpoint& source, const TensorEntry& entry,
                                   size_t tensor) {
  const checkpoint::FileRange& range = std::get<checkpoint::PlainStorage>(entry.storage).range;
  auto task = std::make_unique<CopyTask>(source, range);
  task->source_file = range.file;
  task->name = entry.name;
  task->rows = range.bytes;
  task->rows_per_chunk = kChunkBytes;
  task->outputs = {{tensor, 1}};
  return task;
}

std::unique_ptr<Task> MakeDecodeTask(const Checkpoint& source, const TensorEntry& entry,
                                     DType dtype, const codec::Backend& backend, size_t tensor) {
  auto task = std::make_unique<DecodeTask>(source, entry, dtype, backend);
  const MatrixShape matrix = entry.AsMatrix();
  task->rows = matrix.out;
  task->outputs = {{tensor, matrix.in * BitsPerElement(dtype) / 8}};
  return task;
}

std::unique_ptr<Task> MakeEncodeTask(const Checkpoint& source, const TensorEntry& entry,
                                     uint64_t first_row, MatrixShape shape,
                                     std::shared_ptr<const codec::Codec> codec,
                                     const codec::Backend& backend, size_t first_tensor) {
  auto task = std::make_unique<EncodeTask>(source, entry, first_row, codec, backend);
  task->rows = shape.out;
  size_t tensor = first_tensor;
  for (codec::Part& part : codec->Parts(shape)) {
    if (part.bytes_per_row > 0) {
      task->outputs.push_back({tensor, part.bytes_per_row});
    } else {
      task->constants.push_back({tensor, std::move(part.constant_data)});
    }
    ++tensor;
  }
  return task;
}

}  // namespace hlwq::convert
