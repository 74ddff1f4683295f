#include <fmt/format.h>

#include <algorithm>

#include "base/number_text.h"
#include "report/markup.h"
#include "report/pages/page_frame.h"
#include "study/report/averages.h"
#include "study/report/draw_frontier.h"
#include "study/report/findings.h"
#include "study/report/study_report.h"
#include "study/report/study_style.h"

namespace hlwq::study {
namespace {

using report::Markup;

constexpr size_t kExamplesOfArm = 3;

std::string Lede(const StudyReport& report) {
  return fmt::format("{} arms, {} seed{} each, {} steps of {} windows of {} tokens.",
                     report.config.arms.size(), report.config.seeds.size(),
                     report.config.seeds.size() == 1 ? "" : "s",
                     FormatCount(report.config.training.steps), report.config.training.batch,
                     report.config.model.window);
}

void WriteHead(Markup& page, const StudyReport& report) {
  page.Open("header");
  page.Leaf("p", {{"class", "kicker"}}, "Autoregressive against masked diffusion");
  page.Leaf("h1", {}, report.config.name);
  page.Leaf("p", {{"class", "lede"}}, Lede(report));
  page.Open("dl", {{"class", "key"}});
  for (size_t arm = 0; arm < report.config.arms.size(); ++arm) {
    const std::string& name = report.config.arms[arm].name;
    const std::vector<Turn> turns = TurnsOf(report, name);
    if (turns.empty()) continue;
    double best = 0;
    for (const Turn& turn : turns) best += turn.best_nll / static_cast<double>(turns.size());
    const bool is_bound = report.config.arms[arm].objective == ObjectiveKind::kMaskedDiffusion;
    report::WriteKey(page, name, fmt::format("{}{:.4f}", is_bound ? "≤ " : "", best),
                     "lowest validation loss, nats a token");
  }
  page.Close();
  page.Open("dl", {{"class", "facts"}});
  for (const auto& [name, value] : report.facts) {
    page.Open("div").Leaf("dt", {}, name).Leaf("dd", {}, value).Close();
  }
  page.Close().Close();
}

void WriteTable(Markup& page, const ReportTable& table) {
  page.Open("section").Leaf("h2", {}, table.title).Leaf("p", {{"class", "note"}}, table.note);
  page.Open("div", {{"class", "scroll"}}).Open("table").Open("tr");
  const auto style = [&](size_t column) {
    if (table.is_text) return column == 0 ? "" : "wrap";
    return column < 2 ? "" : "num";
  };
  for (size_t column = 0; column < table.header.size(); ++column) {
    page.Leaf("th", {{"class", style(column)}}, table.header[column]);
  }
  page.Close();
  for (const auto& row : table.rows) {
    page.Open("tr");
    for (size_t column = 0; column < row.size(); ++column) {
      page.Leaf("td", {{"class", style(column)}}, row[column]);
    }
    page.Close();
  }
  page.Close().Close().Close();
}

void WriteFrontierLegend(Markup& page, const StudyReport& report) {
  const auto settings = GroupBySetting(report.measurements);
  page.Open("p", {{"class", "legend"}});
  for (size_t arm = 0; arm < report.config.arms.size(); ++arm) {
    page.Open("span", {{"class", "item " + ArmClass(arm)}});
    page.Leaf("i", {{"class", "of-arm"}}, "").Text(report.config.arms[arm].name).Close();
  }
  std::vector<std::string> methods;
  for (const SettingSets& setting : settings) {
    const std::string& method = setting.sampler().method;
    if (std::ranges::find(methods, method) == methods.end()) methods.push_back(method);
  }
  for (const std::string& method : methods) {
    page.Open("span", {{"class", "item data"}}).Raw(DrawMark(MarkOf(method))).Text(method).Close();
  }
  page.Close();
}

void WriteDrawings(Markup& page, const StudyReport& report) {
  const std::vector<NamedDrawing> drawings = MakeDrawings(report);
  for (const NamedDrawing& drawing : drawings) {
    if (!drawing.is_half) {
      report::WriteFigure(page, drawing.title.c_str(), drawing.note, drawing.svg);
    }
  }
  if (std::ranges::none_of(drawings, &NamedDrawing::is_half)) return;
  page.Open("section").Leaf("h2", {}, "Diversity against fluency");
  page.Leaf(
      "p", {{"class", "note"}},
      fmt::format(
          "Each point is a setting of a sampler: temperatures of autoregressive arms, numbers of "
          "steps of "
          "masked ones. To the left text that is likelier under the judge{}. One arm is better "
          "than "
          "another where its points lie beyond the other's line, not where a single point does.",
          report.measurements.judge.empty() ? "" : ", " + report.measurements.judge));
  WriteFrontierLegend(page, report);
  page.Open("div", {{"class", "figures"}});
  for (const NamedDrawing& drawing : drawings) {
    if (!drawing.is_half) continue;
    page.Open("figure").Leaf("h3", {}, drawing.title).Leaf("p", {{"class", "note"}}, drawing.note);
    page.Raw(drawing.svg).Close();
  }
  page.Close().Close();
}

void WriteSamples(Markup& page, const StudyReport& report) {
  const auto settings = GroupBySetting(report.measurements);
  Markup columns;
  columns.Open("div", {{"class", "side"}});
  bool has_any = false;
  const auto add = [&](const SettingSets& setting, const std::string& style) {
    has_any = true;
    columns.Open("div", {{"class", style}});
    columns.Leaf("h3", {}, setting.sampler().arm.empty() ? "the data" : setting.sampler().arm);
    columns.Leaf("p", {{"class", "note"}}, SettingLabel(setting.sampler()));
    const auto& examples = setting.seeds[0]->examples;
    for (size_t index = 0; index < std::min(examples.size(), kExamplesOfArm); ++index) {
      columns.Leaf("div", {{"class", "sample"}}, examples[index]);
    }
    columns.Close();
  };
  for (size_t arm = 0; arm < report.config.arms.size(); ++arm) {
    if (const auto* main = MainSetting(settings, report.config.arms[arm].name))
      add(*main, ArmClass(arm));
  }
  for (const SettingSets& setting : settings) {
    if (setting.sampler().method == "data") add(setting, "data");
  }
  columns.Close();
  if (!has_any) return;
  page.Open("section").Leaf("h2", {}, "Samples side by side");
  page.Leaf("p", {{"class", "note"}}, "The first of each, not chosen.");
  page.Raw(std::move(columns).Finish()).Close();
}

}  // namespace

std::string RenderStudyPage(const StudyReport& report) {
  Markup page;
  report::OpenPage(page, report.config.name + " · hlwq study", StudyStyle());
  WriteHead(page, report);
  const std::vector<ReportTable> tables = MakeTables(report);
  if (!tables.empty()) WriteTable(page, tables[0]);
  WriteDrawings(page, report);
  for (size_t table = 1; table < tables.size(); ++table) WriteTable(page, tables[table]);
  WriteSamples(page, report);
  report::ClosePage(page, report.tool_version);
  return std::move(page).Finish();
}

}  // namespace hlwq::study
