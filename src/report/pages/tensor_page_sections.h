// The parts of the report page, top to bottom; each appends one piece of markup.
#pragma once

#include "report/drawings/tensor_drawings.h"
#include "report/markup.h"
#include "report/pages/tensor_page.h"
#include "report/tensor_summary.h"

namespace hlwq::report {

struct TensorPageContext {
  const TensorPageInput& input;
  const TensorSummary& data;
  SnrScale scale;
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

void WriteHeader(Markup& page, const TensorPageContext& context);
void WriteHeatMap(Markup& page, const TensorPageContext& context);
void WriteDistribution(Markup& page, const TensorPageContext& context);
void WriteCodes(Markup& page, const TensorPageContext& context);
void WriteSizes(Markup& page, const TensorPageContext& context);
void WriteRoles(Markup& page, const TensorPageContext& context);
void WriteWorst(Markup& page, const TensorPageContext& context);

}  // namespace hlwq::report
