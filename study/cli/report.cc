#include <fmt/format.h>

#include "base/file.h"
#include "hlwq/version.h"
#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/report/study_report.h"
#include "study/report/study_style.h"

namespace hlwq::study {
namespace {

int RunReport(const Arguments& arguments) {
  StudyReport report = ReadStudy(arguments.operand());
  report.tool_version = kVersion;
  const std::filesystem::path page = arguments.operand() / "report.html",
                              folder = arguments.operand() / "report";
  std::filesystem::create_directories(folder);
  WriteFileAtomically(page, RenderStudyPage(report));
  WriteFileAtomically(folder / "report.md", RenderStudyMarkdown(report));
  const std::vector<NamedDrawing> drawings = MakeDrawings(report);
  for (const NamedDrawing& drawing : drawings) {
    WriteFileAtomically(folder / drawing.file, StandaloneSvg(drawing.svg));
  }
  fmt::print("{}, and {} with {} drawings\n", page.string(), (folder / "report.md").string(),
             drawings.size());
  return 0;
}

}  // namespace

Verb ReportVerb() {
  return {.name = "report",
          .operand = "RUN",
          .help = "report.html of what is there; report/ has the same as Markdown and SVG files",
          .flags = {},
          .run = RunReport};
}

}  // namespace hlwq::study
