// How a long text is cut for a model that sees a limited number of tokens at once.
#pragma once

#include <cstddef>
#include <vector>

namespace hlwq::eval {

struct WindowOptions {
  size_t window = 2048;  // tokens that the model sees at once
  size_t stride = 512;   // from the start of one window to that of the next
};

// Tokens [begin, end) are a sequence of their own; those of [first_scored, end) are scored, each
// predicted from what stands before it in the window.
struct TokenWindow {
  size_t begin = 0;
  size_t first_scored = 0;
  size_t end = 0;

  size_t scored() const noexcept { return end - first_scored; }
  // Tokens that the model is given: nothing follows the last one.
  size_t fed() const noexcept { return end - begin - 1; }

  bool operator==(const TokenWindow&) const = default;
};

// The sliding window of the Hugging Face page on the perplexity of models of fixed length: a window
// begins at every multiple of the stride until one reaches the end of the text, which may cut it
// short; each scores the tokens that none before it did, except the first token of a window, which
// has nothing to be predicted from.
// @post with stride < window every token but the first of the text is scored exactly once; with
// stride == window all but the first of every window are.
// Throws Error{kInvalidArgument} for fewer than two tokens, a window of less than two, or a stride
// that is 0 or larger than the window.
std::vector<TokenWindow> MakeTokenWindows(size_t tokens, const WindowOptions& options);

// Sums over windows.
size_t ScoredTokens(const std::vector<TokenWindow>& windows) noexcept;
size_t FedTokens(const std::vector<TokenWindow>& windows) noexcept;

}  // namespace hlwq::eval
