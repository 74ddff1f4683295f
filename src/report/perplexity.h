// How well a model predicts a text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "report/sample_statistics.h"
#include "report/text_run.h"

namespace hlwq::report {

struct PerplexityResult {
  TextRun run;
  Estimate nll;              // mean of -ln p(token), nats
  Estimate perplexity;       // e^nll
  std::vector<double> nlls;  // of every scored token, in the order of the text
};

nlohmann::json PerplexityToJson(const PerplexityResult& result);
std::string PerplexityToText(const PerplexityResult& result, const TextLayout& layout);

}  // namespace hlwq::report
