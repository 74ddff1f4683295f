// The page about the divergence of two models.
#pragma once

#include <string>
#include <vector>

#include "report/kld.h"

namespace hlwq::report {

struct KldPageInput {
  std::string model, reference, text_name;  // names, without folders
  std::string tool_version;
  const KldResult& result;
  std::vector<WorstToken> worst;
};

// HTML as RenderTensorPage: one whole, well-formed file in the style of the reports. Equal input
// gives equal bytes. Memory and size do not grow with the tokens.
std::string RenderKldPage(const KldPageInput& input);

}  // namespace hlwq::report
