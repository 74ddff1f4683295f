// What the report of a study is made of, and what it becomes.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "study/config/config.h"
#include "study/report/logged_run.h"
#include "study/samples/measured_set.h"

namespace hlwq::study {

// A figure of the final evaluation of a run.
struct FinalScore {
  std::string arm;
  uint64_t seed = 0;
  std::string measure;  // "test NLL, exact"
  double value = 0;     // nats a token
  double error = 0;     // standard error
};

struct StudyReport {
  StudyConfig config;
  std::vector<LoggedRun> runs;  // that have begun, in the order of arms and seeds
  Measurements measurements;
  std::vector<FinalScore> scores;
  std::vector<std::pair<std::string, std::string>> facts;  // of corpus and machine: name and value
  std::string tool_version;
};

// The runs, the samples measured and the configuration in a study's folder, as far as they are there. Throws
// Error{kNotFound} where it has no config.json, Error{kInvalidData} naming a file.
StudyReport ReadStudy(const std::filesystem::path& folder);

// Drawings by the names of their files, "loss-validation.svg"; those with nothing to draw are left out.
struct NamedDrawing {
  std::string file;
  std::string title;
  std::string note;
  bool is_half = false;  // as wide as half a page
  std::string svg;       // without the styles: for the page
};
std::vector<NamedDrawing> MakeDrawings(const StudyReport& report);

// For the page and for Markdown. The first column is text, the others numbers unless `is_text`.
struct ReportTable {
  std::string title;
  std::string note;
  bool is_text = false;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};
// The paper's findings beside what is seen here; final scores; all measures of all settings.
std::vector<ReportTable> MakeTables(const StudyReport& report);

// One self-contained HTML page.
std::string RenderStudyPage(const StudyReport& report);
// The same for a folder with the files of MakeDrawings in it.
std::string RenderStudyMarkdown(const StudyReport& report);

}  // namespace hlwq::study
