// hlwq export --to compressed-tensors.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/verbs/calibration.h"
#include "cli/verbs/coding_summary.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/export_targets.h"
#include "cli/verbs/report_page.h"
#include "codec/codec.h"
#include "convert/compressed_tensors/export.h"

namespace hlwq::cli {
namespace {

convert::ExportRotation RotationOf(const Arguments& arguments) {
  const std::string name = arguments.Text(flag::kRotation);
  return name == "folded"   ? convert::ExportRotation::kFolded
         : name == "online" ? convert::ExportRotation::kOnline
                            : convert::ExportRotation::kNone;
}

// The original, after a look at whether it can be what `derived` was made from.
checkpoint::Checkpoint OpenOriginal(const Arguments& arguments, const std::string& path,
                                    const checkpoint::Checkpoint& derived) {
  checkpoint::Checkpoint original = OpenSource(arguments, path);
  for (const checkpoint::TensorEntry& want : derived.tensors) {
    const checkpoint::TensorEntry* got = original.Find(want.name);
    if (got != nullptr && got->shape == want.shape) continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: '{}': want {} as in {}, got {}", path, want.name,
                            ShapeToString(want.shape), derived.root.string(),
                            got == nullptr ? "none" : ShapeToString(got->shape)));
  }
  return original;
}

codec::CodecSpec SpecOf(const convert::CompressedTensorsOptions& options) {
  return {.parameters = codec::PackQuantizedParameters{.scale_rule = codec::IntScaleRuleFromName(
                                                           options.scale_rule),
                                                       .scale_group = options.group_size},
          .bits = options.bits,
          .levels = {}};
}

// Everything that can fail before the first weight is read does so here too.
int DryRun(const Arguments& arguments, checkpoint::Checkpoint source,
           const std::filesystem::path& destination,
           const convert::CompressedTensorsOptions& options) {
  CheckDestination(destination, source, options.output.destination);
  const auto plan = convert::PlanCompressedTensors(std::move(source), options, DefaultBackend());
  const convert::ConversionResult planned = {PlannedResult(plan->job), plan->notes};
  PrintConversion(arguments, planned, destination,
                  RenderCodingSummary(planned.job.manifest.reports, LayoutFor(Stream::Out())));
  return 0;
}

}  // namespace

int ExportToCompressedTensors(const Arguments& arguments) {
  const std::string source_path = arguments.Operand("SRC");
  const std::filesystem::path destination = arguments.Operand("DST");
  checkpoint::Checkpoint source = OpenSource(arguments, source_path);
  const auto original = arguments.FindText(flag::kSource);
  if (original) source = OpenOriginal(arguments, *original, source);

  convert::CompressedTensorsOptions options;
  options.bits = std::stoi(arguments.Text(flag::kExportBits));
  options.group_size = static_cast<uint32_t>(std::stoi(arguments.Text(flag::kGroupSize)));
  options.scale_rule = arguments.Text(flag::kScale);
  options.rotation = RotationOf(arguments);
  options.include = arguments.List(flag::kInclude);
  options.exclude = arguments.List(flag::kExclude);
  options.non_finite = NonFinitePolicyOf(arguments);
  if (const auto page = arguments.FindText(flag::kReport)) CheckPagePath(*page);
  ProgressPrinter progress("export", arguments);
  options.output = OutputOptionsOf(arguments, progress);
  if (arguments.Switch(flag::kDryRun)) {
    return DryRun(arguments, std::move(source), destination, options);
  }
  std::unique_ptr<calibrate::Run> calibration;
  if (arguments.Has(flag::kCalibrate)) {
    CheckDestination(destination, source, options.output.destination);
    checkpoint::Checkpoint model =
        checkpoint::OpenCheckpoint(LocalSource(original.value_or(source_path)));
    convert::PrepareForCompressedTensors(model, options, DefaultBackend());
    calibration = Calibrate(arguments, std::move(model), destination, 1);
    options.calibration = calibration->calibration();
    options.output.progress = nullptr;
  }
  const convert::ConversionResult result =
      convert::ExportCompressedTensors(std::move(source), destination, options, DefaultBackend());
  progress.Finish();
  if (const auto page = arguments.FindText(flag::kReport)) {
    WriteCodingPage(*page, source_path, destination, SpecOf(options), result);
  }
  PrintConversion(arguments, result, destination,
                  RenderCodingSummary(result.job.manifest.reports, LayoutFor(Stream::Out())) +
                      RenderJob(result.job, destination));
  return 0;
}

}  // namespace hlwq::cli
