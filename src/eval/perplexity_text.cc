#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "eval/estimate_text.h"
#include "eval/perplexity.h"

namespace hlwq::eval {

nlohmann::json TextRunToJson(const TextRun& run) {
  return {{"window", run.options.window}, {"stride", run.options.stride},
          {"tokens", run.tokens},         {"windows", run.windows},
          {"scored_tokens", run.scored},  {"fed_tokens", run.fed},
          {"seconds", run.seconds},       {"tokens_per_second", run.TokensPerSecond()}};
}

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

}  // namespace hlwq::eval
