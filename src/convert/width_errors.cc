#include "convert/width_errors.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/parallel.h"
#include "checkpoint/row_reader.h"
#include "convert/matrices.h"

namespace hlwq::convert {
namespace {

using checkpoint::TensorEntry;

// A codec with room for the codes of one row.
class RowCoder {
 public:
  RowCoder(std::shared_ptr<const codec::Codec> codec, const TensorMatrices& matrices)
      : codec_(std::move(codec)) {
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

std::vector<WidthError> MeasureTensor(const checkpoint::Checkpoint& source,
                                      const TensorEntry& entry, const WidthErrorOptions& options,
                                      const codec::Backend& backend) {
  const checkpoint::RowReader reader(source, entry, backend);
  const MatrixShape shape = reader.matrix();
  const TensorMatrices matrices = MatricesOf(entry.shape);
  std::vector<RowCoder> coders;
  for (const int width : options.widths) {
    codec::CodecSpec spec = options.codec;
    spec.bits = width;
    coders.emplace_back(backend.MakeCodec(spec), matrices);
  }
  const uint64_t most_rows = std::max<uint64_t>(1, options.most_weights / shape.in);
  const uint64_t rows = std::min(shape.out, most_rows);
  std::vector<float> weights(shape.in);
  for (uint64_t index = 0; index < rows; ++index) {
    // The middle of each of `rows` equal stretches.
    const uint64_t row = (2 * index + 1) * shape.out / (2 * rows);
    reader.ReadRows({row, row + 1}, weights);
    for (RowCoder& coder : coders) coder.Code(weights, row);
  }
  std::vector<WidthError> errors;
  for (const RowCoder& coder : coders) errors.push_back(coder.Result());
  return errors;
}

}  // namespace

std::vector<std::vector<WidthError>> MeasureWidthErrors(const checkpoint::Checkpoint& source,
                                                        std::span<const size_t> tensors,
                                                        const WidthErrorOptions& options,
                                                        const codec::Backend& unshared) {
  const codec::SharingBackend backend(unshared);
  std::vector<std::vector<WidthError>> errors(tensors.size());
  std::mutex mutex;  // guards the two below
  ProgressUpdate update{.tensors_total = tensors.size()};
  for (const size_t tensor : tensors) {
    const TensorEntry& entry = source.tensors[tensor];
    update.bytes_total += TensorBytes(entry.dtype, entry.shape).value_or(0);
  }
  WithThreads(options.threads, [&] {
    tbb::parallel_for(size_t{0}, tensors.size(), [&](size_t index) {
      const TensorEntry& entry = source.tensors[tensors[index]];
      errors[index] = WithContext(fmt::format("{}: '{}'", source.root.string(), entry.name),
                                  [&] { return MeasureTensor(source, entry, options, backend); });
      const std::scoped_lock lock(mutex);
      ++update.tensors_done;
      update.bytes_done += TensorBytes(entry.dtype, entry.shape).value_or(0);
      update.item = entry.name;
      if (options.progress) options.progress(update);
    });
  });
  return errors;
}

}  // namespace hlwq::convert
