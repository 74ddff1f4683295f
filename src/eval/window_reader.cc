#include "eval/window_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace hlwq::eval {

WindowReader::WindowReader(runtime::Engine& engine, std::span<const runtime::TokenId> tokens,
                           const WindowOptions& windows, const runtime::KvFormat& format)
    : engine_(engine),
      tokens_(tokens),
      cache_(engine.MakeState(
          {.format = format, .capacity = std::min(windows.window, tokens.size())})) {}

void WindowReader::Begin(const TokenWindow& window) {
  cache_.Clear();
  engine_.Feed(cache_, tokens_.subspan(window.begin, window.first_scored - 1 - window.begin),
               model::LogitsOf::kNone, [](size_t, std::span<const float>) {});
  next_ = window.first_scored;
}

void WindowReader::Score(size_t count, OnScored on_scored) {
  engine_.Feed(
      cache_, tokens_.subspan(next_ - 1, count), model::LogitsOf::kAll,
      [&](size_t index, std::span<const float> logits) { on_scored(next_ + index, logits); });
  next_ += count;
}

report::TextRun StartRun(size_t tokens, const TextRunOptions& options) noexcept {
  return {.window = options.windows.window, .stride = options.windows.stride, .tokens = tokens};
}

void AddWindow(const TokenWindow& window, report::TextRun& run) noexcept {
  ++run.windows;
  run.scored += window.scored();
  run.fed += window.fed();
}

void RequireFinite(const runtime::Engine& engine, size_t token, double value) {
  if (std::isfinite(value)) return;
  throw Error(ErrorCode::kNonFinite,
              fmt::format("{}: the logits for token {} of the text are not finite",
                          engine.model().checkpoint().root.string(), token));
}

}  // namespace hlwq::eval
