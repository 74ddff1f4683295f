#include "report/pages/tensor_page.h"

#include <fmt/format.h>

#include <vector>

#include "report/pages/page_frame.h"
#include "report/pages/tensor_page_sections.h"

namespace hlwq::report {

void TensorPageInput::SetCodec(const codec::CodecSpec& spec) {
  const codec::SpecWords words = codec::DescribeSpec(spec);
  codec = fmt::format("{}, version {}", words.name, words.version);
  table = words.table;
  scale_rule = words.scale_rule;
  block_size = words.block_size;
  scale_group = words.scale_group;
}

std::string RenderTensorPage(const TensorPageInput& input) {
  const TensorSummary data = SummarizeTensors(input.tensors);
  std::vector<double> shown;  // what the heat map and the chips colour
  for (const Cell& cell : data.cells) shown.push_back(cell.errors.SnrDb());
  for (const Cell& cell : data.outside) shown.push_back(cell.errors.SnrDb());
  const TensorPageContext context{
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

}  // namespace hlwq::report
