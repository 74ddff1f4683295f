// From messages to the tokens of a prompt.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat_format.h"
#include "text/tokenizer.h"

namespace hlwq::chat {

// Everything up to where the assistant's next answer begins, as the template writes it: its text.
// `variables` are what it is told besides the messages. Throws as ChatTemplate::Render.
std::string RenderPrompt(const ChatFormat& format, const nlohmann::ordered_json& messages,
                         const nlohmann::ordered_json& variables);
// Its tokens; texts that PlainText guarded are no special tokens.
std::vector<text::TokenId> EncodePrompt(const text::Tokenizer& tokenizer, std::string_view prompt);

// Text of people, which is never control: "<|im_end|>" in it must not end their turn. Thread: safe.
class PlainText {
 public:
  // Of the tokenizer's special tokens.
  explicit PlainText(const text::Tokenizer& tokenizer);

  // The text with a mark inside every special token, where EncodePrompt cuts; valid UTF-8 in any case.
  std::string Guard(std::string_view text) const;

 private:
  std::vector<std::string> specials_;
};

}  // namespace hlwq::chat
