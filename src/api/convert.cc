#include "hlwq/convert.h"

#include <memory>
#include <utility>

#include "api/control.h"
#include "api/describe.h"
#include "base/error.h"
#include "calibrate/run.h"
#include "checkpoint/checkpoint.h"
#include "codec/codec_spec.h"
#include "convert/compressed_tensors/export.h"
#include "convert/dequantize.h"
#include "convert/export_gguf.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"

namespace hlwq {
namespace {

convert::OutputOptions OutputOf(const OutputOptions& options) {
  return {.destination = {.resume = options.resume, .overwrite = options.overwrite},
          .max_shard_bytes = options.max_shard_bytes,
          .threads = options.threads,
          .progress = api::ProgressFor(options.control)};
}

convert::NonFinitePolicy PolicyOf(bool keeps_non_finite) noexcept {
  return keeps_non_finite ? convert::NonFinitePolicy::kKeep : convert::NonFinitePolicy::kError;
}

codec::CodecSpec SpecOf(const QuantizeOptions& options) {
  codec::CodecSpec spec = codec::DefaultSpec(options.codec);
  spec.bits = options.bits;
  if (options.effort) {
    auto* trellis = std::get_if<codec::TrellisParameters>(&spec.parameters);
    if (trellis == nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  "effort: want codec hlwq-t with it, got " + options.codec);
    }
    trellis->effort = *options.effort;
  }
  return spec;
}

codec::GgmlType TypeOf(GgufType type) noexcept {
  switch (type) {
    case GgufType::kF16:
      return codec::GgmlType::kF16;
    case GgufType::kBF16:
      return codec::GgmlType::kBF16;
    case GgufType::kQ8_0:
      break;
  }
  return codec::GgmlType::kQ8_0;
}

convert::ExportRotation RotationOf(ExportRotation rotation) noexcept {
  switch (rotation) {
    case ExportRotation::kNone:
      return convert::ExportRotation::kNone;
    case ExportRotation::kOnline:
      return convert::ExportRotation::kOnline;
    case ExportRotation::kFolded:
      break;
  }
  return convert::ExportRotation::kFolded;
}

std::unique_ptr<calibrate::Run> CalibrateFor(const std::filesystem::path& source,
                                             const std::filesystem::path& destination,
                                             const QuantizeOptions& options) {
  calibrate::RunOptions run = {
      .text = options.calibration->text,
      .tokens = options.calibration->tokens,
      .seed = options.calibration->seed,
      .resumed = options.output.resume ? destination : std::filesystem::path(),
      .threads = options.output.threads,
      .scratch = destination,
      .on_text = api::TokenProgressFor(options.output.control),
      .on_layers = api::TokenProgressFor(options.output.control)};
  run.scratch += ".streams";
  return std::make_unique<calibrate::Run>(checkpoint::OpenCheckpoint(source), run);
}

ConversionResult ResultOf(convert::ConversionResult done,
                          const std::filesystem::path& destination) {
  return {.output = api::Describe(checkpoint::OpenCheckpoint(destination)),
          .read_bytes = done.job.source_bytes,
          .resumed_bytes = done.job.resumed_bytes,
          .output_bytes = done.job.output_bytes,
          .seconds = done.job.seconds,
          .was_complete = done.job.was_complete,
          .notes = std::move(done.notes)};
}

}  // namespace

ConversionResult Quantize(const std::filesystem::path& source,
                          const std::filesystem::path& destination,
                          const QuantizeOptions& options) {
  convert::QuantizeOptions chosen = {.recipe = {.recipe = options.recipe,
                                                .bits = options.bits,
                                                .include = options.include,
                                                .exclude = options.exclude,
                                                .embedding_bits = options.embedding_bits,
                                                .lm_head_bits = options.lm_head_bits},
                                     .codec = SpecOf(options),
                                     .non_finite = PolicyOf(options.keeps_non_finite),
                                     .output = OutputOf(options.output)};
  std::unique_ptr<calibrate::Run> run;
  if (options.calibration) {
    run = CalibrateFor(source, destination, options);
    chosen.calibration = run->calibration();
  }
  return ResultOf(convert::Quantize(checkpoint::OpenCheckpoint(source), destination, chosen,
                                    kernels::CpuBackend()),
                  destination);
}

ConversionResult Dequantize(const std::filesystem::path& source,
                            const std::filesystem::path& destination,
                            const DequantizeOptions& options) {
  convert::DequantizeOptions chosen = {.output = OutputOf(options.output)};
  if (options.type) chosen.dtype = api::TypeOf(*options.type);
  return ResultOf(convert::Dequantize(checkpoint::OpenCheckpoint(source), destination, chosen,
                                      kernels::CpuBackend()),
                  destination);
}

ConversionResult ExportGguf(const std::filesystem::path& source,
                            const std::filesystem::path& destination,
                            const ExportGgufOptions& options) {
  const convert::ExportGgufOptions chosen = {.type = TypeOf(options.type),
                                             .output = OutputOf(options.output)};
  return ResultOf(convert::ExportGguf(checkpoint::OpenCheckpoint(source), destination, chosen,
                                      kernels::CpuBackend()),
                  destination);
}

ConversionResult ExportCompressedTensors(const std::filesystem::path& source,
                                         const std::filesystem::path& destination,
                                         const CompressedTensorsOptions& options) {
  const convert::CompressedTensorsOptions chosen = {
      .bits = options.bits,
      .group_size = options.group_size,
      .scale_rule = options.scale_rule,
      .rotation = RotationOf(options.rotation),
      .include = options.include,
      .exclude = options.exclude,
      .non_finite = PolicyOf(options.keeps_non_finite),
      .output = OutputOf(options.output)};
  return ResultOf(convert::ExportCompressedTensors(checkpoint::OpenCheckpoint(source), destination,
                                                   chosen, kernels::CpuBackend()),
                  destination);
}

}  // namespace hlwq
