// A conversation and the prompt that a model's template makes of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat_format.h"
#include "text/tokenizer.h"

namespace hlwq::chat {

struct ConversationOptions {
  std::string system = {};  // empty: no system message
  // What the template is told besides, such as {"enable_thinking": false} or {"tools": [...]}.
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
};

class Conversation {
 public:
  // Borrows the format.
  Conversation(const ChatFormat& format, ConversationOptions options);
  Conversation(ChatFormat&&, ConversationOptions) = delete;

  // Roles are the template's: "system", "user", "assistant", "tool". Invalid UTF-8 becomes U+FFFD.
  void Add(std::string_view role, std::string_view text);
  void RemoveLast() { messages_.erase(messages_.size() - 1); }
  // Forgets all but the system message.
  void Reset();

  const nlohmann::ordered_json& messages() const noexcept { return messages_; }
  // Everything up to where the assistant's next answer begins. Throws as ChatTemplate::Render.
  std::vector<text::TokenId> Prompt(const text::Tokenizer& tokenizer) const;

 private:
  const ChatFormat& format_;
  ConversationOptions options_;
  nlohmann::ordered_json messages_;
};

}  // namespace hlwq::chat
