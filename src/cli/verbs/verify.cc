// hlwq verify: the bytes of a folder against the checksums recorded at writing.
#include "checkpoint/verify.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"

namespace hlwq::cli {
namespace {

nlohmann::json ToJson(const checkpoint::VerifyResult& result) {
  nlohmann::json problems = nlohmann::json::array();
  for (const checkpoint::VerifyProblem& problem : result.problems) {
    problems.push_back(
        {{"file", problem.file}, {"tensor", problem.tensor}, {"what", problem.what}});
  }
  return {{"ok", result.ok()},
          {"files", result.files},
          {"tensors", result.tensors},
          {"bytes", result.bytes},
          {"problems", std::move(problems)}};
}

}  // namespace

int RunVerify(const Arguments& arguments) {
  const std::string folder = arguments.Operand("DIR");
  ProgressPrinter progress("verify", arguments);
  checkpoint::VerifyOptions options;
  options.threads = ThreadsOf(arguments);
  options.progress = progress.Callback();
  const checkpoint::VerifyResult result = checkpoint::VerifyFolder(LocalSource(folder), options);
  progress.Finish();

  if (arguments.json()) {
    PrintJson(ToJson(result));
    return result.ok() ? 0 : 1;
  }
  const Stream& out = Stream::Out();
  const TextLayout layout = LayoutFor(out);
  const TextStyle& style = layout.style;
  if (!result.ok()) {
    // Damage is the answer, so it is told even to who asked for quiet.
    TextTable table({{"file"}, {"tensor"}, {"damage"}});
    for (const checkpoint::VerifyProblem& problem : result.problems) {
      table.AddRow({problem.file, problem.tensor, problem.what});
    }
    out.Write(table.Render(layout));
  }
  const std::string verdict =
      result.ok() ? fmt::format("{}intact{}", style.green, style.reset)
                  : fmt::format("{}damaged{}, {} problem{}", style.red, style.reset,
                                result.problems.size(), result.problems.size() == 1 ? "" : "s");
  PrintSummary(arguments,
               fmt::format("{}: {}; {} tensors in {} files, {} in {}\n", folder, verdict,
                           FormatCount(result.tensors), FormatCount(result.files),
                           FormatBytes(result.bytes), FormatDuration(progress.ElapsedSeconds())));
  return result.ok() ? 0 : 1;
}

}  // namespace hlwq::cli
