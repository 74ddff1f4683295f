#include "eval/report_html.h"

#include <fmt/format.h>

#include <vector>

#include "eval/report_sections.h"
#include "eval/report_style.h"

namespace hlwq::eval {

std::string RenderReportHtml(const ReportInput& input) {
  const ReportData data = SummarizeReports(input.tensors);
  std::vector<double> shown;  // what the heat map and the chips colour
  for (const Cell& cell : data.cells) shown.push_back(cell.errors.SnrDb());
  for (const Cell& cell : data.outside) shown.push_back(cell.errors.SnrDb());
  const ReportContext context{
      input, data, MakeSnrScale(shown),
      input.bytes_before != 0 ? input.bytes_before : data.size_total.before(),
      input.bytes_after != 0 ? input.bytes_after : data.size_total.after()};

  Markup page;
  page.Raw("<!DOCTYPE html>\n");
  page.Open("html", {{"lang", "en"}});
  page.Open("head");
  page.Empty("meta", {{"charset", "utf-8"}});
  page.Empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.Empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  page.Leaf("title", {}, input.title.empty() ? "hlwq report" : input.title + " · hlwq report");
  page.Open("style").Raw(ReportStyle()).Close();
  page.Close();

  page.Open("body").Open("main");
  WriteHeader(page, context);
  WriteHeatMap(page, context);
  WriteDistribution(page, context);
  WriteCodes(page, context);
  WriteSizes(page, context);
  WriteRoles(page, context);
  WriteWorst(page, context);
  page.Leaf("footer", {},
            input.tool_version.empty() ? "Made by hlwq."
                                       : fmt::format("Made by hlwq {}.", input.tool_version));
  page.Close().Close().Close();
  return std::move(page).Finish();
}

}  // namespace hlwq::eval
