// The page about an ablation.
#pragma once

#include <string>

#include "eval/ablation.h"

namespace hlwq::eval {

struct AblationPageInput {
  std::string model, text_name;  // names, without folders
  std::string tool_version;
  const Ablation& ablation;
};

// HTML as RenderReportHtml: one whole, well-formed file in the style of the reports. Equal input
// gives equal bytes.
std::string RenderAblationPage(const AblationPageInput& input);

// Divergence on a logarithmic axis against bits a weight, with two standard errors: one <svg>
// element, or an empty string where no method diverges at all.
std::string DrawAblation(const Ablation& ablation);

}  // namespace hlwq::eval
