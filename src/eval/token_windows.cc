#include "eval/token_windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace hlwq::eval {
namespace {

void Check(size_t tokens, const WindowOptions& options) {
  const auto fail = [](std::string message) {
    throw Error(ErrorCode::kInvalidArgument, std::move(message));
  };
  if (options.window < 2) {
    fail(fmt::format("window: want at least 2 tokens, got {}", options.window));
  }
  if (options.stride == 0) fail("stride: want at least 1 token, got 0");
  if (options.stride > options.window) {
    fail(fmt::format("stride: want at most the window of {} tokens, got {}", options.window,
                     options.stride));
  }
  if (tokens < 2) fail(fmt::format("text: want at least 2 tokens to score, got {}", tokens));
}

}  // namespace

std::vector<TokenWindow> MakeTokenWindows(size_t tokens, const WindowOptions& options) {
  Check(tokens, options);
  std::vector<TokenWindow> windows;
  size_t scored_to = 0;
  for (size_t begin = 0; scored_to < tokens; begin += options.stride) {
    const size_t end = tokens - begin <= options.window ? tokens : begin + options.window;
    const size_t first_scored = std::max(scored_to, begin + 1);
    // Equal windows can leave one last token alone: without a context there is nothing to score.
    if (first_scored < end) windows.push_back({begin, first_scored, end});
    scored_to = end;
  }
  return windows;
}

size_t ScoredTokens(const std::vector<TokenWindow>& windows) noexcept {
  size_t tokens = 0;
  for (const TokenWindow& window : windows) tokens += window.scored();
  return tokens;
}

size_t FedTokens(const std::vector<TokenWindow>& windows) noexcept {
  size_t tokens = 0;
  for (const TokenWindow& window : windows) tokens += window.fed();
  return tokens;
}

}  // namespace hlwq::eval
