// hlwq compare: the error of every tensor between two checkpoints.
#include "eval/compare.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"
#include "cli/verbs/report_page.h"
#include "report/compare.h"
#include "report/pages/tensor_page.h"

namespace hlwq::cli {

namespace {

// What is read from elsewhere counts as without.
std::optional<checkpoint::Manifest> ManifestOf(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return std::nullopt;
  return checkpoint::ReadManifest(path);
}

}  // namespace

int RunCompare(const Arguments& arguments) {
  const checkpoint::Checkpoint first = OpenSource(arguments, arguments.Operand("A"));
  const checkpoint::Checkpoint second = OpenSource(arguments, arguments.Operand("B"));
  if (const auto page = arguments.FindText(flag::kReport)) CheckPagePath(*page);
  ProgressPrinter progress("compare", arguments);
  eval::CompareOptions options;
  options.threads = ThreadsOf(arguments);
  options.include = arguments.List(flag::kInclude);
  options.exclude = arguments.List(flag::kExclude);
  options.progress = progress.Callback();
  const report::CompareResult result = eval::Compare(first, second, options, DefaultBackend());
  progress.Finish();

  if (const auto page = arguments.FindText(flag::kReport)) {
    const report::TensorPageInput input = eval::ComparePageInput(
        first, second, result,
        {ManifestOf(arguments.Operand("A")), ManifestOf(arguments.Operand("B"))});
    WriteFileAtomically(*page, report::RenderTensorPage(input));
  }
  const bool meets_bar = eval::MeetsBar(result, arguments.FindNumber(flag::kMinSnr));
  if (arguments.json()) {
    nlohmann::json json = report::CompareToJson(result);
    json["meets_bar"] = meets_bar;
    PrintJson(json);
  }
  PrintSummary(arguments, report::CompareToText(result, LayoutFor(Stream::Out())));
  return meets_bar ? 0 : 1;
}

}  // namespace hlwq::cli
