// hlwq quantize.
#include "convert/quantize.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "checkpoint/checkpoint.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/quantize_options.h"
#include "cli/verbs/report_page.h"
#include "convert/plan.h"
#include "convert/staging.h"

namespace hlwq::cli {
namespace {

// Tensors of one role and width, summed up.
struct Group {
  uint64_t tensors = 0;
  uint64_t weights = 0;
  uint64_t source_bytes = 0;
  uint64_t stored_bytes = 0;
  codec::ErrorStats errors;

  void Add(const checkpoint::TensorReport& report) {
    ++tensors;
    weights += ElementCount(report.shape).value_or(0);
    source_bytes += report.source_bytes;
    stored_bytes += report.stored_bytes;
    if (report.errors) errors.Merge(*report.errors);
  }
  std::vector<std::string> Cells(std::string name, std::string bits) const {
    const double per_weight =
        weights == 0 ? 0 : 8 * static_cast<double>(stored_bytes) / static_cast<double>(weights);
    return {std::move(name),
            std::move(bits),
            FormatCount(tensors),
            FormatBytes(source_bytes),
            FormatBytes(stored_bytes),
            fmt::format("{:.3f}", per_weight),
            errors.count > 0 ? FormatSnr(errors.SnrDb()) : "",
            errors.count > 0 ? FormatCosine(errors.Cosine()) : ""};
  }
};

std::string RenderSummary(const std::vector<checkpoint::TensorReport>& reports,
                          const Stream& stream) {
  std::map<std::pair<checkpoint::Role, int>, Group> coded;
  Group carried;
  Group all;
  for (const checkpoint::TensorReport& report : reports) {
    (report.is_quantized ? coded[{report.role, report.bits}] : carried).Add(report);
    all.Add(report);
  }
  using Align = TextTable::Align;
  TextTable table({{"tensors"},
                   {"bits", Align::kRight},
                   {"count", Align::kRight},
                   {"before", Align::kRight},
                   {"after", Align::kRight},
                   {"bits/weight", Align::kRight},
                   {"SNR dB", Align::kRight},
                   {"cosine", Align::kRight}});
  for (const auto& [key, group] : coded) {
    table.AddRow(
        group.Cells(std::string(checkpoint::RoleName(key.first)), std::to_string(key.second)));
  }
  if (carried.tensors > 0) table.AddRow(carried.Cells("carried over", ""));
  table.AddRule();
  table.AddRow(all.Cells("all", ""));
  return table.Render(LayoutFor(stream));
}

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
  const convert::QuantizeResult result =
      convert::Quantize(source, destination, options, DefaultBackend());
  progress.Finish();

  for (const std::string& note : result.notes) PrintNote(arguments, note);
  if (const auto page = arguments.FindText("report")) {
    WriteQuantizePage(*page, source_path, destination, options.codec, result);
  }
  if (arguments.json()) {
    PrintJson(JobToJson(result.job, destination, result.notes));
    return 0;
  }
  PrintSummary(arguments, RenderSummary(result.job.manifest.reports, Stream::Out()));
  PrintSummary(arguments, RenderJob(result.job, destination));
  return 0;
}

}  // namespace hlwq::cli
