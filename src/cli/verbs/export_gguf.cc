// hlwq export --to gguf.
#include "convert/export_gguf.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/export_targets.h"

namespace hlwq::cli {
namespace {

codec::GgmlType TypeOf(const Arguments& arguments) {
  const std::string name = arguments.Text(flag::kType);
  return name == "bf16"   ? codec::GgmlType::kBF16
         : name == "q8_0" ? codec::GgmlType::kQ8_0
                          : codec::GgmlType::kF16;
}

// Everything that can fail before the first weight is read does so here too.
int DryRun(const Arguments& arguments, checkpoint::Checkpoint source,
           const std::filesystem::path& destination, const convert::ExportGgufOptions& options) {
  CheckDestination(destination, source, options.output.destination);
  const auto plan = convert::PlanGguf(std::move(source), destination, options, DefaultBackend());
  const size_t tensors = plan->job.outputs.size();
  const convert::ConversionResult planned = {PlannedResult(plan->job), plan->notes};
  PrintConversion(
      arguments, planned, destination,
      fmt::format("{}: {} tensors, {} bytes\n", (destination / plan->file_name).string(), tensors,
                  planned.job.output_bytes));
  return 0;
}

}  // namespace

int ExportToGguf(const Arguments& arguments) {
  const std::filesystem::path destination = arguments.Operand("DST");
  checkpoint::Checkpoint source = OpenSource(arguments, arguments.Operand("SRC"));
  ProgressPrinter progress("export", arguments);
  convert::ExportGgufOptions options;
  options.type = TypeOf(arguments);
  options.output = OutputOptionsOf(arguments, progress);
  if (arguments.Switch(flag::kDryRun)) {
    return DryRun(arguments, std::move(source), destination, options);
  }
  const convert::ConversionResult result =
      convert::ExportGguf(std::move(source), destination, options, DefaultBackend());
  progress.Finish();
  PrintConversion(arguments, result, destination, RenderJob(result.job, destination));
  return 0;
}

}  // namespace hlwq::cli
