#include "eval/kld.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/side_by_side.h"
#include "eval/window_reader.h"

namespace hlwq::eval {
namespace {

std::vector<double> Values(const std::vector<TokenError>& tokens, auto value_of) {
  std::vector<double> values;
  values.reserve(tokens.size());
  for (const TokenError& token : tokens) values.push_back(value_of(token));
  return values;
}

// "KL 0.01234", or of several models "KL 0.01234 to 0.23456".
std::string Note(const std::vector<double>& means) {
  if (means.empty()) return "";
  const auto [least, most] = std::ranges::minmax(means);
  return means.size() == 1 ? fmt::format("KL {:.5f}", least)
                           : fmt::format("KL {:.5f} to {:.5f}", least, most);
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

void CheckVocabularies(const runtime::Engine& reference, const runtime::Engine& model) {
  const size_t want = reference.config().sizes.vocab, got = model.config().sizes.vocab;
  if (want == got) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: want the {} tokens of the reference's vocabulary, got {}",
                          model.model().checkpoint().root.string(), want, got));
}

std::vector<KldResult> MeasureKlds(runtime::Engine& reference,
                                   std::span<runtime::Engine* const> models,
                                   std::span<const runtime::TokenId> tokens,
                                   const TextRunOptions& options) {
  for (const runtime::Engine* model : models) CheckVocabularies(reference, *model);
  const std::vector<TokenWindow> windows = MakeTokenWindows(tokens.size(), options.windows);
  reference.model().CheckTokens(tokens);
  TextRun run = {.options = options.windows, .tokens = tokens.size()};
  const size_t scored = ScoredTokens(windows);
  const uint64_t total = FedTokens(windows);
  std::vector<KldResult> results(models.size());
  for (KldResult& result : results) {
    result.tokens.reserve(scored);
    result.token_indices.reserve(scored);
  }
  SideBySide side_by_side(reference, models, tokens, options);
  const Stopwatch watch;
  for (const TokenWindow& window : windows) {
    side_by_side.Compare(window, [&](size_t model, size_t token, const TokenError& error) {
      results[model].tokens.push_back(error);
      results[model].token_indices.push_back(static_cast<uint32_t>(token));
    });
    run.Add(window);
    if (options.progress) options.progress({run.fed, total, Note(side_by_side.MeanKls())});
    if (options.should_stop && options.should_stop()) break;
  }
  run.seconds = watch.Seconds();
  for (KldResult& result : results) {
    result.run = run;
    SummarizeKld(result);
  }
  return results;
}

KldResult MeasureKld(runtime::Engine& reference, runtime::Engine& model,
                     std::span<const runtime::TokenId> tokens, const TextRunOptions& options) {
  runtime::Engine* const models[] = {&model};
  return std::move(MeasureKlds(reference, models, tokens, options).front());
}

}  // namespace hlwq::eval
