#include "convert/width_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/parallel.h"
#include "checkpoint/row_reader.h"
#include "convert/matrices.h"

namespace hlwq::convert {
namespace {

using checkpoint::TensorEntry;

// A codec with room for the codes of one row, over the tensors of a group.
class RowCoder {
 public:
  explicit RowCoder(std::shared_ptr<const codec::Codec> codec) : codec_(std::move(codec)) {}

  // From now on rows are those of this tensor, if it is measured at all.
  void Begin(const TensorMatrices& matrices) {
    parts_.clear();
    for (const codec::Part& part : codec_->Parts(matrices.matrix)) {
      bytes_ += part.bytes * matrices.count;
      if (!part.is_constant()) parts_.emplace_back(part.units.BytesOf(1));
    }
    spans_.assign(parts_.begin(), parts_.end());
  }
  void Code(std::span<const float> row, uint64_t index) {
    codec_->EncodeRows(row, row.size(), index, spans_, stats_);
  }
  WidthError Result() const {
    return {codec_->spec().bits, bytes_, stats_.signal > 0 ? stats_.noise / stats_.signal : 0};
  }

 private:
  std::shared_ptr<const codec::Codec> codec_;
  uint64_t bytes_ = 0;
  std::vector<std::vector<std::byte>> parts_;
  std::vector<std::span<std::byte>> spans_;
  codec::ErrorStats stats_;
};

// The middle of each of `count` equal stretches of `all`.
uint64_t Spread(uint64_t index, uint64_t count, uint64_t all) {
  return (2 * index + 1) * all / (2 * count);
}

void MeasureRows(const checkpoint::Checkpoint& source, const TensorEntry& entry, uint64_t most_rows,
                 std::span<RowCoder> coders, const codec::Backend& backend) {
  const checkpoint::RowReader reader(source, entry, backend);
  const MatrixShape shape = reader.matrix();
  const uint64_t rows = std::min(shape.out, std::max<uint64_t>(1, most_rows));
  std::vector<float> weights(shape.in);
  for (uint64_t index = 0; index < rows; ++index) {
    const uint64_t row = Spread(index, rows, shape.out);
    reader.ReadRows({row, row + 1}, weights);
    for (RowCoder& coder : coders) coder.Code(weights, row);
  }
}

std::vector<WidthError> MeasureGroup(const checkpoint::Checkpoint& source,
                                     const std::vector<size_t>& group,
                                     const WidthErrorOptions& options,
                                     const codec::Backend& backend) {
  std::vector<RowCoder> coders;
  for (const int width : options.widths) {
    codec::CodecSpec spec = options.codec;
    spec.bits = width;
    coders.emplace_back(backend.MakeCodec(spec));
  }
  uint64_t longest_row = 1;
  for (const size_t tensor : group) {
    longest_row = std::max(longest_row, MatricesOf(source.tensors[tensor].shape).matrix.in);
  }
  const uint64_t most_rows = std::max<uint64_t>(1, options.most_weights / longest_row);
  const uint64_t measured = std::min<uint64_t>(group.size(), most_rows);
  uint64_t next = 0;  // of those that are measured
  for (size_t index = 0; index < group.size(); ++index) {
    const TensorEntry& entry = source.tensors[group[index]];
    WithContext(fmt::format("{}: '{}'", source.root.string(), entry.name), [&] {
      for (RowCoder& coder : coders) coder.Begin(MatricesOf(entry.shape));
      if (next == measured || index != Spread(next, measured, group.size())) return;
      MeasureRows(source, entry, most_rows / measured, coders, backend);
      ++next;
    });
  }
  std::vector<WidthError> errors;
  for (const RowCoder& coder : coders) errors.push_back(coder.Result());
  return errors;
}

uint64_t BytesOf(const checkpoint::Checkpoint& source, const std::vector<size_t>& group) {
  uint64_t bytes = 0;
  for (const size_t tensor : group) {
    const TensorEntry& entry = source.tensors[tensor];
    bytes += TensorBytes(entry.dtype, entry.shape).value_or(0);
  }
  return bytes;
}

}  // namespace

std::vector<std::vector<WidthError>> MeasureWidthErrors(const checkpoint::Checkpoint& source,
                                                        std::span<const std::vector<size_t>> groups,
                                                        const WidthErrorOptions& options,
                                                        const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  std::vector<std::vector<WidthError>> errors(groups.size());
  std::mutex mutex;  // guards the one below
  ProgressUpdate update;
  for (const std::vector<size_t>& group : groups) {
    update.tensors_total += group.size();
    update.bytes_total += BytesOf(source, group);
  }
  ForEachTask(options.threads, groups.size(), [&](size_t index) {
    const std::vector<size_t>& group = groups[index];
    errors[index] = MeasureGroup(source, group, options, backend);
    const std::scoped_lock lock(mutex);
    update.tensors_done += group.size();
    update.bytes_done += BytesOf(source, group);
    update.item = source.tensors[group.back()].name;
    if (options.progress) options.progress(update);
  });
  return errors;
}

}  // namespace hlwq::convert
