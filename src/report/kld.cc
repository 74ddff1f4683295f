#include "report/kld.h"

#include <algorithm>

namespace hlwq::report {

namespace {

std::vector<double> Values(const std::vector<TokenError>& tokens, auto value_of) {
  std::vector<double> values;
  values.reserve(tokens.size());
  for (const TokenError& token : tokens) values.push_back(value_of(token));
  return values;
}

}  // namespace

void SummarizeKld(KldResult& result) {
  const std::vector<TokenError>& tokens = result.tokens;
  std::vector<double> kl = Values(tokens, [](const TokenError& token) { return token.kl; });
  result.mean = MeanOf(kl);
  std::ranges::sort(kl);
  result.median = PercentileOf(kl, 0.5);
  result.p90 = PercentileOf(kl, 0.9);
  result.p99 = PercentileOf(kl, 0.99);
  result.p999 = PercentileOf(kl, 0.999);
  result.max = kl.back();

  const auto mean_of = [&](auto value_of) { return MeanOf(Values(tokens, value_of)); };
  result.same_top = mean_of([](const TokenError& token) { return token.HasSameTop() ? 1.0 : 0.0; });
  result.shared_top = mean_of([](const TokenError& token) {
    return static_cast<double>(token.shared_top) / static_cast<double>(kTopTokens);
  });
  result.probability_bias =
      mean_of([](const TokenError& token) { return token.ProbabilityDifference(); });
  result.probability_rms = SqrtOf(mean_of([](const TokenError& token) {
    const double difference = token.ProbabilityDifference();
    return difference * difference;
  }));
  result.reference_perplexity =
      ExpOf(mean_of([](const TokenError& token) { return token.reference_nll; }));
  result.perplexity = ExpOf(mean_of([](const TokenError& token) { return token.nll; }));
  result.perplexity_ratio =
      ExpOf(mean_of([](const TokenError& token) { return token.nll - token.reference_nll; }));
}

}  // namespace hlwq::report
