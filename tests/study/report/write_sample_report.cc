// Writes a made-up report and its drawings: write_sample_report FOLDER.
#include <cstdio>

#include "base/file.h"
#include "study/report/study_style.h"
#include "tests/study/report/sample_study.h"

int main(int count, char** arguments) {
  using namespace hlwq::study;
  if (count != 2) return 2;
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  const StudyReport report = MakeSampleStudy();
  hlwq::WriteFileAtomically(folder / "study.html", RenderStudyPage(report));
  hlwq::WriteFileAtomically(folder / "study.md", RenderStudyMarkdown(report));
  for (const NamedDrawing& drawing : MakeDrawings(report)) {
    hlwq::WriteFileAtomically(folder / drawing.file, StandaloneSvg(drawing.svg));
  }
  return 0;
}
