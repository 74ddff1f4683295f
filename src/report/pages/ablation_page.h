// The page about an ablation.
#pragma once

#include <string>

#include "report/ablation.h"

namespace hlwq::report {

struct AblationPageInput {
  std::string model, text_name;  // names, without folders
  std::string tool_version;
  const Ablation& ablation;
};

// HTML as RenderTensorPage: one whole, well-formed file in the style of the reports. Equal input
// gives equal bytes.
std::string RenderAblationPage(const AblationPageInput& input);

}  // namespace hlwq::report
