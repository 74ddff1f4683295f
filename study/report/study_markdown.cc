#include <fmt/format.h>

#include <algorithm>

#include "study/report/averages.h"
#include "study/report/study_report.h"

namespace hlwq::study {
namespace {

std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2) {
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  }
  return text;
}

std::string TableLine(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + Cell(cell) + " |";
  return line + "\n";
}

std::string TableText(const ReportTable& table) {
  std::string text =
      fmt::format("## {}\n\n{}\n\n", table.title, table.note) + TableLine(table.header) + "|";
  for (size_t column = 0; column < table.header.size(); ++column) {
    text += table.is_text || column < 2 ? " --- |" : " ---: |";
  }
  text += "\n";
  for (const auto& row : table.rows) text += TableLine(row);
  return text + "\n";
}

std::string Quote(std::string text) {
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3)
    text.replace(at, 1, "\n> ");
  return "> " + text + "\n\n";
}

}  // namespace

std::string RenderStudyMarkdown(const StudyReport& report) {
  std::string text =
      fmt::format("# {}: autoregressive against masked diffusion\n\n", report.config.name);
  for (const auto& [name, value] : report.facts) text += fmt::format("- {}: {}\n", name, value);
  text += "\n";
  const std::vector<ReportTable> tables = MakeTables(report);
  if (!tables.empty()) text += TableText(tables[0]);
  for (const NamedDrawing& drawing : MakeDrawings(report)) {
    text += fmt::format("## {}\n\n{}\n\n![{}]({})\n\n", drawing.title, drawing.note, drawing.title,
                        drawing.file);
  }
  for (size_t table = 1; table < tables.size(); ++table) text += TableText(tables[table]);
  const auto settings = GroupBySetting(report.measurements);
  text += "## Samples\n\n";
  for (const ArmConfig& arm : report.config.arms) {
    const SettingSets* main = MainSetting(settings, arm.name);
    if (main == nullptr || main->seeds[0]->examples.empty()) continue;
    text += fmt::format("{}, {}:\n\n", arm.name, SettingLabel(main->sampler())) +
            Quote(main->seeds[0]->examples[0]);
  }
  return text;
}

}  // namespace hlwq::study
