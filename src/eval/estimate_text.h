// Estimates and runs over a text, as people read them.
#pragma once

#include <string>
#include <vector>

#include "eval/perplexity.h"

namespace hlwq::eval {

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

// "2,047 of 2,048 tokens scored in 1 window of 2,048, stride 512".
std::string DescribeScoring(const TextRun& run);
// The same with "; 1.42 s, 1441 tokens/s" after it.
std::string DescribeRun(const TextRun& run);

}  // namespace hlwq::eval
