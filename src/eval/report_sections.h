// The parts of the report page, top to bottom; each appends one piece of markup.
#pragma once

#include "eval/drawings.h"
#include "eval/markup.h"
#include "eval/report_data.h"
#include "eval/report_html.h"

namespace hlwq::eval {

struct ReportContext {
  const ReportInput& input;
  const ReportData& data;
  SnrScale scale;
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

void WriteHeader(Markup& page, const ReportContext& context);
void WriteHeatMap(Markup& page, const ReportContext& context);
void WriteDistribution(Markup& page, const ReportContext& context);
void WriteCodes(Markup& page, const ReportContext& context);
void WriteSizes(Markup& page, const ReportContext& context);
void WriteRoles(Markup& page, const ReportContext& context);
void WriteWorst(Markup& page, const ReportContext& context);

}  // namespace hlwq::eval
