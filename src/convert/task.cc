#include "convert/task.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>

#include "base/error.h"
#include "convert/f16_range.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::RowReader;
using checkpoint::TensorEntry;

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
  // Chunks are multiples of `unit_rows`.
  RowTask(const Checkpoint& source, const TensorEntry& entry, const codec::Backend& backend,
          uint64_t first_row, uint64_t unit_rows)
      : reader_(source, entry, backend), first_row_(first_row) {
    const uint64_t units = reader_.row_block();
    const uint64_t row_bytes =
        std::max<uint64_t>({reader_.StoredBytes({0, std::min(units, reader_.matrix().out)}) / units,
                            2 * reader_.matrix().in, uint64_t{1}});
    const uint64_t block = std::lcm(units, unit_rows);
    rows_per_chunk = std::max(block, kChunkBytes / row_bytes / block * block);
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
  const RowReader& reader() const { return reader_; }
  uint64_t columns() const { return reader_.matrix().in; }
  // Rows of the tensor, from rows of the task.
  RowRange Shifted(RowRange range) const {
    return {range.begin + first_row_, range.end + first_row_};
  }

 private:
  RowReader reader_;
  uint64_t first_row_;
};

class DecodeTask final : public RowTask {
 public:
  DecodeTask(const Checkpoint& source, const TensorEntry& entry, DType dtype,
             const codec::Backend& backend)
      : RowTask(source, entry, backend, 0, 1), dtype_(dtype) {}

  void Transform(RowRange range, std::span<const std::byte> in,
                 std::span<const std::span<std::byte>> out, codec::ErrorStats&) const override {
    reader().DecodeTo(dtype_, range, in, out[0]);
    if (dtype_ != DType::kF16) return;
    RequireF16Range(out[0], columns(), range.begin, "--dtype bf16 or f32 holds it");
  }

 private:
  DType dtype_;
};

class EncodeTask final : public RowTask {
 public:
  EncodeTask(const Checkpoint& source, const TensorEntry& entry, uint64_t first_row,
             std::shared_ptr<const codec::Codec> codec, const codec::Backend& backend,
             const LayerFeedback& feedback)
      : RowTask(source, entry, backend, first_row, codec->unit_rows()),
        codec_(std::move(codec)),
        layer_feedback_(feedback) {}

  void Begin() override {
    if (layer_feedback_.source == nullptr) return;
    feedback_ = layer_feedback_.source->For(name, layer_feedback_.layer, *codec_);
  }
  void End() noexcept override { feedback_ = {}; }

  void Transform(RowRange range, std::span<const std::byte> in,
                 std::span<const std::span<std::byte>> out,
                 codec::ErrorStats& stats) const override {
    if (feedback_.shift != nullptr) return EncodeShifted(range, in, out, stats);
    if (const auto dtype = reader().plain_dtype()) {
      codec_->EncodeRowsWith(feedback_.feedback.get(), *dtype, in, columns(), range.begin, out,
                             stats);
      return;
    }
    std::vector<std::span<std::byte>> parts(out.size());
    const auto encode = [&](RowRange tile, std::span<const float> floats) {
      for (size_t part = 0; part < out.size(); ++part) {
        const RowUnits& units = outputs[part].units;
        parts[part] = out[part].subspan(units.OffsetOf(tile.begin), units.BytesOf(tile));
      }
      codec_->EncodeRowsWith(feedback_.feedback.get(), DType::kF32, std::as_bytes(floats),
                             columns(), range.begin + tile.begin, parts, stats);
    };
    reader().DecodeTiles(Shifted(range), in, codec_->unit_rows(), encode);
  }

 private:
  std::shared_ptr<const codec::Codec> codec_;
  LayerFeedback layer_feedback_;
  MatrixFeedback feedback_;

  // Codes what the weights are to become, and counts errors against what they are.
  void EncodeShifted(RowRange range, std::span<const std::byte> in,
                     std::span<const std::span<std::byte>> out, codec::ErrorStats& stats) const {
    std::vector<float> weights(range.size() * columns());
    reader().Decode(Shifted(range), in, weights);
    std::vector<float> shifted(weights);
    const float* shift = feedback_.shift->data() + range.begin * columns();
    for (size_t i = 0; i < shifted.size(); ++i) shifted[i] += shift[i];
    codec::ErrorStats of_codes;
    codec_->EncodeRowsWith(feedback_.feedback.get(), DType::kF32, std::as_bytes(std::span(shifted)),
                           columns(), range.begin, out, of_codes);
    codec::ErrorStats errors;
    codec::AddDecodedErrors(*codec_, DType::kF32, std::as_bytes(std::span(weights)), columns(), out,
                            errors);
    errors.zero_blocks = of_codes.zero_blocks;
    errors.code_use = of_codes.code_use;
    errors.coordinates = of_codes.coordinates;
    stats.Merge(errors);
  }
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
  task->outputs = {{tensor, {1}}};
  return task;
}

std::unique_ptr<Task> MakeDecodeTask(const Checkpoint& source, const TensorEntry& entry,
                                     DType dtype, const codec::Backend& backend, size_t tensor) {
  auto task = std::make_unique<DecodeTask>(source, entry, dtype, backend);
  const MatrixShape matrix = entry.AsMatrix();
  task->rows = matrix.out;
  task->outputs = {{tensor, {matrix.in * BitsPerElement(dtype) / 8}}};
  return task;
}

std::unique_ptr<Task> MakeEncodeTask(const Checkpoint& source, const TensorEntry& entry,
                                     uint64_t first_row, MatrixShape shape,
                                     std::shared_ptr<const codec::Codec> codec,
                                     const codec::Backend& backend, size_t first_tensor,
                                     const LayerFeedback& feedback) {
  auto task = std::make_unique<EncodeTask>(source, entry, first_row, codec, backend, feedback);
  task->rows = shape.out;
  HLWQ_DASSERT(task->rows_per_slice == 0 || task->rows_per_slice >= shape.out ||
               task->rows_per_slice % codec->unit_rows() == 0);
  size_t tensor = first_tensor;
  for (codec::Part& part : codec->Parts(shape)) {
    if (!part.is_constant()) {
      task->outputs.push_back({tensor, part.units});
    } else {
      task->constants.push_back({tensor, std::move(part.constant_data)});
    }
    ++tensor;
  }
  return task;
}

}  // namespace hlwq::convert
