#include "eval/kld.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "eval/side_by_side.h"
#include "eval/window_reader.h"

namespace hlwq::eval {
namespace {

// "KL 0.01234", or of several models "KL 0.01234 to 0.23456".
std::string Note(const std::vector<double>& means) {
  if (means.empty()) return "";
  const auto [least, most] = std::ranges::minmax(means);
  return means.size() == 1 ? fmt::format("KL {:.5f}", least)
                           : fmt::format("KL {:.5f} to {:.5f}", least, most);
}

}  // namespace

void CheckVocabularies(const runtime::Engine& reference, const runtime::Engine& model) {
  const size_t want = reference.config().sizes.vocab, got = model.config().sizes.vocab;
  if (want == got) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: want the {} tokens of the reference's vocabulary, got {}",
                          model.model().checkpoint().root.string(), want, got));
}

std::vector<report::KldResult> MeasureKlds(runtime::Engine& reference,
                                           std::span<runtime::Engine* const> models,
                                           std::span<const runtime::TokenId> tokens,
                                           const TextRunOptions& options) {
  for (const runtime::Engine* model : models) CheckVocabularies(reference, *model);
  const std::vector<TokenWindow> windows = MakeTokenWindows(tokens.size(), options.windows);
  reference.model().CheckTokens(tokens);
  report::TextRun run = StartRun(tokens.size(), options);
  const size_t scored = ScoredTokens(windows);
  const uint64_t total = FedTokens(windows);
  std::vector<report::KldResult> results(models.size());
  for (report::KldResult& result : results) {
    result.tokens.reserve(scored);
    result.token_indices.reserve(scored);
  }
  SideBySide side_by_side(reference, models, tokens, options);
  const Stopwatch watch;
  for (const TokenWindow& window : windows) {
    side_by_side.Compare(window, [&](size_t model, size_t token, const report::TokenError& error) {
      results[model].tokens.push_back(error);
      results[model].token_indices.push_back(static_cast<uint32_t>(token));
    });
    AddWindow(window, run);
    if (options.progress) options.progress({run.fed, total, Note(side_by_side.MeanKls())});
    if (options.should_stop && options.should_stop()) break;
  }
  run.seconds = watch.Seconds();
  for (report::KldResult& result : results) {
    result.run = run;
    report::SummarizeKld(result);
  }
  return results;
}

report::KldResult MeasureKld(runtime::Engine& reference, runtime::Engine& model,
                             std::span<const runtime::TokenId> tokens,
                             const TextRunOptions& options) {
  runtime::Engine* const models[] = {&model};
  return std::move(MeasureKlds(reference, models, tokens, options).front());
}

}  // namespace hlwq::eval
