
#include <nlohmann/json.hpp>

#include "report/estimate_text.h"
#include "report/perplexity.h"

namespace hlwq::report {

nlohmann::json PerplexityToJson(const PerplexityResult& result) {
  nlohmann::json json = TextRunToJson(result.run);
  json["nll"] = EstimateToJson(result.nll);
  json["perplexity"] = EstimateToJson(result.perplexity);
  return json;
}

std::string PerplexityToText(const PerplexityResult& result, const TextLayout& layout) {
  return RenderEstimates({{"perplexity", result.perplexity}, {"mean NLL, nats", result.nll}},
                         layout) +
         DescribeRun(result.run) + "\n";
}

}  // namespace hlwq::report
