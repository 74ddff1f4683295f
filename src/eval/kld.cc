#include "eval/kld.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/window_reader.h"
#include "tensor/buffer.h"

namespace hlwq::eval {
namespace {

constexpr uint64_t kHeldBytes = 32u << 20;  // of the reference's logits
constexpr size_t kLeastHeldTokens = 16;     // the model makes logits of as many at a time
constexpr size_t kMostHeldTokens = 256;

size_t HeldTokens(size_t vocabulary) noexcept {
  return std::clamp<size_t>(kHeldBytes / (vocabulary * sizeof(float)) / kLeastHeldTokens *
                                kLeastHeldTokens,
                            kLeastHeldTokens, kMostHeldTokens);
}

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

void CheckVocabularies(const runtime::Engine& reference, const runtime::Engine& model) {
  const size_t want = reference.config().sizes.vocab, got = model.config().sizes.vocab;
  if (want == got) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: want the {} tokens of the reference's vocabulary, got {}",
                          model.model().checkpoint().root.string(), want, got));
}

KldResult MeasureKld(runtime::Engine& reference, runtime::Engine& model,
                     std::span<const runtime::TokenId> tokens, const TextRunOptions& options) {
  CheckVocabularies(reference, model);
  const std::vector<TokenWindow> windows = MakeTokenWindows(tokens.size(), options.windows);
  reference.model().CheckTokens(tokens);
  const size_t vocabulary = model.config().sizes.vocab;
  const size_t held_tokens = HeldTokens(vocabulary);
  Buffer<float> held(held_tokens * vocabulary);  // [token, vocabulary]
  WindowReader reference_reader(reference, tokens, options), reader(model, tokens, options);

  KldResult result;
  result.run = {.options = options.windows, .tokens = tokens.size(), .windows = windows.size(),
                .scored = ScoredTokens(windows), .fed = FedTokens(windows)};
  result.tokens.reserve(result.run.scored);
  double sum = 0;
  uint64_t fed = 0;
  const Stopwatch watch;
  for (const TokenWindow& window : windows) {
    reference_reader.Begin(window);
    reader.Begin(window);
    for (size_t first = window.first_scored; first < window.end; first += held_tokens) {
      const size_t count = std::min(held_tokens, window.end - first);
      const auto row = [&](size_t token) {
        return held.span().subspan((token - first) * vocabulary, vocabulary);
      };
      reference_reader.Score(count, [&](size_t token, std::span<const float> logits) {
        std::ranges::copy(logits, row(token).begin());
      });
      reader.Score(count, [&](size_t token, std::span<const float> logits) {
        const TokenError error =
            CompareLogits(row(token), logits, static_cast<size_t>(tokens[token]));
        RequireFinite(reference, token, error.reference_nll);
        RequireFinite(model, token, error.nll);
        RequireFinite(model, token, error.kl);
        result.tokens.push_back(error);
        result.token_indices.push_back(static_cast<uint32_t>(token));
        sum += error.kl;
      });
    }
    fed += window.fed();
    if (options.progress) {
      const std::string note =
          fmt::format("KL {:.5f}", sum / static_cast<double>(result.tokens.size()));
      options.progress({fed, result.run.fed, note});
    }
  }
  result.run.seconds = watch.Seconds();
  SummarizeKld(result);
  return result;
}

}  // namespace hlwq::eval
