// hlwq quantize.
#include "convert/quantize.h"

#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/verbs/coding_summary.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/quantize_options.h"
#include "cli/verbs/report_page.h"
#include "convert/plan.h"
#include "convert/staging.h"

namespace hlwq::cli {
namespace {

// Everything that can fail before the first weight is read does so here too.
int DryRun(const Arguments& arguments, const checkpoint::Checkpoint& source,
           const std::filesystem::path& destination, const convert::DestinationOptions& options) {
  convert::Staging staging(destination, source, options);
  if (!options.resume) staging.RequireFreeDestination();
  const convert::QuantizePlan plan =
      PlanQuantize(arguments, convert::PlanInputFromCheckpoint(source));
  if (arguments.json()) PrintJson(convert::PlanToJson(plan));
  PrintSummary(arguments, convert::RenderPlan(plan, LayoutFor(Stream::Out())));
  return 0;
}

}  // namespace

int RunQuantize(const Arguments& arguments) {
  const std::string source_path = arguments.Operand("SRC");
  const std::filesystem::path destination = arguments.Operand("DST");
  const checkpoint::Checkpoint source = checkpoint::OpenCheckpoint(source_path);

  convert::QuantizeOptions options;
  options.recipe = RecipeOptionsOf(arguments);
  options.codec = CodecSpecOf(arguments);
  options.non_finite = arguments.Text("nonfinite") == "keep" ? convert::NonFinitePolicy::kKeep
                                                             : convert::NonFinitePolicy::kError;
  if (const auto page = arguments.FindText("report")) CheckPagePath(*page);
  ProgressPrinter progress("quantize", arguments);
  options.output = OutputOptionsOf(arguments, progress);
  if (arguments.Switch("dry-run")) {
    return DryRun(arguments, source, destination, options.output.destination);
  }
  const convert::ConversionResult result =
      convert::Quantize(source, destination, options, DefaultBackend());
  progress.Finish();

  for (const std::string& note : result.notes) PrintNote(arguments, note);
  if (const auto page = arguments.FindText("report")) {
    WriteCodingPage(*page, source_path, destination, options.codec, result);
  }
  if (arguments.json()) {
    PrintJson(JobToJson(result.job, destination, result.notes));
    return 0;
  }
  PrintSummary(arguments, RenderCodingSummary(result.job.manifest.reports, LayoutFor(Stream::Out())));
  PrintSummary(arguments, RenderJob(result.job, destination));
  return 0;
}

}  // namespace hlwq::cli
