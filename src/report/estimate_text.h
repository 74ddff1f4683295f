// Estimates and runs over a text, as people read them.
#pragma once

#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "report/sample_statistics.h"

namespace hlwq::report {

// With as many decimals as its error has two digits of: "0.07012", "0.00083", "0.00110". A missing
// error is "–", and without any the value has five digits.
struct EstimateText {
  std::string value, token_error, block_error;
};
EstimateText FormatEstimate(const Estimate& estimate);

// A table of figures with their errors.
struct NamedEstimate {
  std::string name;
  Estimate estimate;
};
std::string RenderEstimates(const std::vector<NamedEstimate>& figures, const TextLayout& layout);

}  // namespace hlwq::report
