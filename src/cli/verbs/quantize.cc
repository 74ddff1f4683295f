// hlwq quantize.
#include "convert/quantize.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/verbs/calibration.h"
#include "cli/verbs/coding_summary.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/plan_memory.h"
#include "cli/verbs/quantize_options.h"
#include "cli/verbs/report_page.h"
#include "cli/verbs/target_bits.h"
#include "convert/plan.h"

namespace hlwq::cli {
namespace {

// Makes the recipe, shows it, and puts it where the job and the user find it.
void UseTargetBits(const Arguments& arguments, const std::string& source_path,
                   const checkpoint::Checkpoint& source, calibrate::Run* calibration,
                   convert::QuantizeOptions& options) {
  const convert::BitPlan plan =
      PlanTargetBits(arguments, source_path, source,
                     calibration == nullptr ? nullptr : calibration->calibration().source);
  if (calibration != nullptr) calibration->Rewind();
  options.recipe.recipe = fmt::format("{} bits per weight", plan.target_bits_per_weight);
  options.recipe.text = convert::BitPlanToRecipe(plan, source);
  options.records_recipe = true;
  if (const auto file = arguments.FindText(flag::kSaveRecipe)) {
    WriteFileAtomically(*file, options.recipe.text);
  }
  if (!arguments.json()) {
    PrintSummary(arguments, convert::RenderBitPlan(plan, LayoutFor(Stream::Out())));
  }
}

// Everything that can fail before the first weight is read does so here too.
int DryRun(const Arguments& arguments, const checkpoint::Checkpoint& source,
           const std::filesystem::path& destination, const convert::QuantizeOptions& options) {
  CheckDestination(destination, source, options.output.destination);
  convert::QuantizePlan plan =
      PlanQuantize(arguments, convert::PlanInputFromCheckpoint(source), options.recipe);
  if (arguments.json()) PrintJson(PlanToJson(plan, PlanMemoryOrNote(source.config, plan)));
  PrintSummary(arguments, convert::RenderPlan(plan, LayoutFor(Stream::Out())));
  return 0;
}

}  // namespace

int RunQuantize(const Arguments& arguments) {
  const std::string source_path = arguments.Operand("SRC");
  const std::filesystem::path destination = arguments.Operand("DST");
  const checkpoint::Checkpoint source = OpenSource(arguments, source_path);

  convert::QuantizeOptions options;
  options.recipe = RecipeOptionsOf(arguments);
  std::unique_ptr<calibrate::Run> calibration;
  const bool makes_recipe = arguments.Has(flag::kTargetBpw);
  // The probes of a budget of bits and the coding: each takes all tokens through the layers.
  const int walks = (makes_recipe ? 1 : 0) + (arguments.Switch(flag::kDryRun) ? 0 : 1);
  if (arguments.Has(flag::kCalibrate) && walks > 0) {
    CheckDestination(destination, source, DestinationOptionsOf(arguments));
    calibration = Calibrate(arguments, checkpoint::OpenCheckpoint(LocalSource(source_path)),
                            destination, walks);
  }
  if (makes_recipe) {
    UseTargetBits(arguments, source_path, source, calibration.get(), options);
  } else if (arguments.Has(flag::kSaveRecipe)) {
    throw Error(ErrorCode::kInvalidArgument, "--save-recipe goes with --target-bpw only");
  }
  options.codec = CodecSpecOf(arguments);
  options.non_finite = NonFinitePolicyOf(arguments);
  if (const auto page = arguments.FindText(flag::kReport)) CheckPagePath(*page);
  ProgressPrinter progress("quantize", arguments);
  options.output = OutputOptionsOf(arguments, progress);
  if (arguments.Switch(flag::kDryRun)) {
    return DryRun(arguments, source, destination, options);
  }
  if (calibration) {
    options.calibration = calibration->calibration();
    options.output.progress = nullptr;  // which the text shows
  }
  const convert::ConversionResult result =
      convert::Quantize(source, destination, options, DefaultBackend());
  progress.Finish();

  if (const auto page = arguments.FindText(flag::kReport)) {
    WriteCodingPage(*page, source_path, destination, options.codec, result);
  }
  std::string summary = RenderCodingSummary(result.job.manifest.reports, LayoutFor(Stream::Out())) +
                        RenderJob(result.job, destination);
  if (!calibration && !result.job.was_complete && !arguments.json()) {
    summary += CalibrationOffer(arguments, source, walks);
  }
  PrintConversion(arguments, result, destination, summary);
  return 0;
}

}  // namespace hlwq::cli
