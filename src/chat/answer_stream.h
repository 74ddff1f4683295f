// Tokens of an answer to the text that people see.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/stop_matcher.h"
#include "text/tokenizer.h"

namespace hlwq::chat {

// Special tokens are not shown; text goes out as soon as it is certain. Borrows the tokenizer.
class AnswerStream {
 public:
  using Write = std::function<void(std::string_view text)>;

  // `before` is what the answer continues: it decides about a blank at the beginning. Empty for an
  // answer that stands alone. Throws Error{kInvalidArgument} on an empty stop string.
  AnswerStream(const text::Tokenizer& tokenizer, std::span<const text::TokenId> before,
               std::vector<std::string> stops, Write write);

  // False once a stop string was found.
  bool Push(text::TokenId token);
  // Lets go what was held back.
  void Finish();

  const std::string& text() const noexcept { return text_; }
  const std::optional<std::string>& found_stop() const noexcept { return found_; }

 private:
  text::StreamDecoder decoder_;
  text::StopMatcher stops_;
  Write write_;
  std::string text_;
  std::optional<std::string> found_;

  void Show(std::string text);
};

}  // namespace hlwq::chat
