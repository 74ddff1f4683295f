#include "convert/coded_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "checkpoint/foreign_codes.h"
#include "convert/carry.h"
#include "convert/stream.h"

namespace hlwq::convert {

using checkpoint::TensorEntry;
using checkpoint::TensorSpec;

namespace {

uint64_t SourceBytes(const TensorEntry& entry) {
  return TensorBytes(entry.dtype, entry.shape).value_or(0);
}

}  // namespace

CodedJobBuilder::CodedJobBuilder(const checkpoint::Checkpoint& source,
                                 const codec::Backend& backend)
    : source_(source),
      backend_(backend),
      classified_(checkpoint::ClassifyTensors(source)),
      codec_of_(source.tensors.size()) {
  checkpoint::RefuseForeignCodes(source);
}

void CodedJobBuilder::KeepNonFinite(std::vector<std::string>& notes,
                                    const ProgressCallback& progress) {
  ProgressUpdate update{.tensors_total = source_.tensors.size()};
  for (const TensorEntry& entry : source_.tensors) update.bytes_total += SourceBytes(entry);
  for (size_t tensor = 0; tensor < source_.tensors.size(); ++tensor) {
    const TensorEntry& entry = source_.tensors[tensor];
    update.item = entry.name;
    if (progress) progress(update);
    ++update.tensors_done;
    update.bytes_done += SourceBytes(entry);
    if (!codec_of_[tensor]) continue;
    try {
      TryEncode(tensor);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNonFinite) throw;
      notes.push_back(fmt::format("'{}' is kept as it is: {}", entry.name, error.what()));
      codec_of_[tensor] = nullptr;
    }
  }
}

Job CodedJobBuilder::Build() {
  Job job;
  job.side_files = source_.side_files;
  for (size_t tensor = 0; tensor < source_.tensors.size(); ++tensor) {
    const TensorEntry& entry = source_.tensors[tensor];
    AddReport(job, tensor);
    if (codec_of_[tensor]) {
      AddCoded(job, tensor);
    } else {
      AddCarried(job, source_, entry, backend_, groups_.GroupOf(classified_.specs[tensor], 0));
    }
    checkpoint::TensorReport& report = job.reports.back();
    report.bits_per_weight = 8.0 * static_cast<double>(report.stored_bytes) /
                             static_cast<double>(std::max<uint64_t>(1, entry.elements()));
  }
  if (feedback_ != nullptr) feedback_->Plan(std::move(planned_));
  return job;
}

void CodedJobBuilder::AddReport(Job& job, size_t tensor) const {
  const TensorEntry& entry = source_.tensors[tensor];
  const TensorSpec& spec = classified_.specs[tensor];
  checkpoint::TensorReport report;
  report.name = entry.name;
  report.shape = entry.shape;
  report.source_dtype = entry.dtype;
  report.role = spec.role;
  report.layer = spec.layer;
  report.source_bytes = SourceBytes(entry);
  if (const codec::Codec* codec = CodecOf(tensor)) {
    report.is_quantized = true;
    report.codec = codec::DescribeSpec(codec->spec()).name;
    report.bits = codec->spec().bits;
    report.errors.emplace();
  }
  job.reports.push_back(std::move(report));
}

void CodedJobBuilder::AddCoded(Job& job, size_t tensor) {
  const TensorEntry& entry = source_.tensors[tensor];
  const std::shared_ptr<const codec::Codec>& codec = codec_of_[tensor];
  const TensorMatrices slices = MatricesOf(entry.shape);
  if (slices.count > kMaxMatrices - std::min<uint64_t>(kMaxMatrices, job.tasks.size())) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'{}': want at most {} matrices in all, got {}", entry.name,
                            kMaxMatrices, slices.count));
  }
  for (uint64_t slice = 0; slice < slices.count; ++slice) {
    const std::string name = MatrixName(entry.name, entry.shape, slice);
    const uint64_t group = groups_.GroupOf(classified_.specs[tensor], slice);
    const size_t first_tensor = job.outputs.size();
    for (const codec::Part& part : codec->Parts(slices.matrix)) {
      job.outputs.push_back({name + part.suffix, part.dtype, part.shape, part.bytes, group, true});
      job.reports.back().stored_bytes += part.bytes;
    }
    const LayerFeedback feedback = FeedbackOf(classified_.specs[tensor]);
    auto task = MakeEncodeTask(source_, entry, slice * slices.matrix.out, slices.matrix, codec,
                               backend_, first_tensor, feedback);
    task->name = name;
    task->report = job.reports.size() - 1;
    if (feedback.source != nullptr) {
      task->turn = feedback.layer;
      planned_.push_back({name, feedback.layer, classified_.specs[tensor].role, codec});
    }
    job.tasks.push_back(std::move(task));
  }
}

LayerFeedback CodedJobBuilder::FeedbackOf(const TensorSpec& spec) const {
  const auto layer = FeedbackLayerOf(spec);
  if (!layer) return {};
  return {.source = feedback_, .layer = *layer};
}

void CodedJobBuilder::TryEncode(size_t tensor) const {
  const TensorEntry& entry = source_.tensors[tensor];
  const TensorMatrices slices = MatricesOf(entry.shape);
  for (uint64_t slice = 0; slice < slices.count; ++slice) {
    const auto task = MakeEncodeTask(source_, entry, slice * slices.matrix.out, slices.matrix,
                                     codec_of_[tensor], backend_, 0);
    task->name = MatrixName(entry.name, entry.shape, slice);
    DryRunTask(*task);
  }
}

}  // namespace hlwq::convert
