#include "eval/perplexity.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "eval/window_reader.h"
#include "kernels/vector_ops.h"

namespace hlwq::eval {

report::PerplexityResult MeasurePerplexity(runtime::Engine& engine,
                                           std::span<const runtime::TokenId> tokens,
                                           const TextRunOptions& options) {
  const std::vector<TokenWindow> windows = MakeTokenWindows(tokens.size(), options.windows);
  engine.model().CheckTokens(tokens);
  WindowReader reader(engine, tokens, options.windows, options.kv_format);

  report::PerplexityResult result;
  result.run = StartRun(tokens.size(), options);
  result.nlls.reserve(ScoredTokens(windows));
  const uint64_t total = FedTokens(windows);
  double sum = 0;
  const Stopwatch watch;
  for (const TokenWindow& window : windows) {
    reader.Begin(window);
    reader.Score(window.scored(), [&](size_t token, std::span<const float> logits) {
      const auto target = static_cast<size_t>(tokens[token]);
      const double nll = kernels::LogSumExp(logits) - static_cast<double>(logits[target]);
      RequireFinite(engine, token, nll);
      result.nlls.push_back(nll);
      sum += nll;
    });
    AddWindow(window, result.run);
    if (options.progress) {
      const double mean = sum / static_cast<double>(result.nlls.size());
      const std::string note = fmt::format("perplexity {:.3f}", std::exp(mean));
      options.progress({result.run.fed, total, note});
    }
    if (options.should_stop && options.should_stop()) break;
  }
  result.run.seconds = watch.Seconds();
  result.nll = report::MeanOf(result.nlls);
  result.perplexity = report::ExpOf(result.nll);
  return result;
}

}  // namespace hlwq::eval
