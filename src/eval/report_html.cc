#include "eval/report_html.h"

#include <vector>

#include "eval/page_frame.h"
#include "eval/report_sections.h"

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
  OpenPage(page, input.title.empty() ? "hlwq report" : input.title + " · hlwq report");
  WriteHeader(page, context);
  WriteHeatMap(page, context);
  WriteDistribution(page, context);
  WriteCodes(page, context);
  WriteSizes(page, context);
  WriteRoles(page, context);
  WriteWorst(page, context);
  ClosePage(page, input.tool_version);
  return std::move(page).Finish();
}

}  // namespace hlwq::eval
