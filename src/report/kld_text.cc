
#include <nlohmann/json.hpp>

#include "report/estimate_text.h"
#include "report/json_number.h"
#include "report/kld.h"

namespace hlwq::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Estimate Percent(const Estimate& share) { return share.Scaled(100 * share.value, 100); }

}  // namespace

nlohmann::json KldToJson(const KldResult& result) {
  nlohmann::json json = TextRunToJson(result.run);
  json["kl"] = {{"mean", EstimateToJson(result.mean)}, {"median", EstimateToJson(result.median)},
                {"p90", EstimateToJson(result.p90)},   {"p99", EstimateToJson(result.p99)},
                {"p999", EstimateToJson(result.p999)}, {"max", JsonNumber(result.max)}};
  json["same_top"] = EstimateToJson(result.same_top);
  json["shared_top5"] = EstimateToJson(result.shared_top);
  json["probability_difference"] = {{"mean", EstimateToJson(result.probability_bias)},
                                    {"rms", EstimateToJson(result.probability_rms)}};
  json["reference_perplexity"] = EstimateToJson(result.reference_perplexity);
  json["perplexity"] = EstimateToJson(result.perplexity);
  json["perplexity_ratio"] = EstimateToJson(result.perplexity_ratio);
  return json;
}

std::string KldToText(const KldResult& result, const TextLayout& layout) {
  return RenderEstimates({{"KL divergence, nats: mean", result.mean},
                          {"  median", result.median},
                          {"  90 %", result.p90},
                          {"  99 %", result.p99},
                          {"  99.9 %", result.p999},
                          {"  largest", {result.max, kNone, kNone}},
                          {"same likeliest token, %", Percent(result.same_top)},
                          {"shared of the five likeliest, %", Percent(result.shared_top)},
                          {"p(token) − reference's, %: mean", Percent(result.probability_bias)},
                          {"  root mean square", Percent(result.probability_rms)},
                          {"perplexity of the reference", result.reference_perplexity},
                          {"perplexity", result.perplexity},
                          {"  ratio to the reference", result.perplexity_ratio}},
                         layout) +
         DescribeRun(result.run) + " of both\n";
}

}  // namespace hlwq::report
