#include "chat/conversation.h"

#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::chat {

Conversation::Conversation(const ChatFormat& format, ConversationOptions options)
    : format_(format), options_(std::move(options)) {
  Reset();
}

void Conversation::Reset() {
  messages_ = nlohmann::ordered_json::array();
  if (!options_.system.empty()) Add("system", options_.system);
}

void Conversation::Add(std::string_view role, std::string_view text) {
  std::string content;
  AppendSanitized(text, content);
  messages_.push_back({{"role", role}, {"content", std::move(content)}});
}

std::vector<text::TokenId> Conversation::Prompt(const text::Tokenizer& tokenizer) const {
  nlohmann::ordered_json variables = format_.special_tokens;
  // transformers passes these to every template, as none where nobody gives them.
  variables["tools"] = variables["documents"] = nullptr;
  variables.update(options_.variables);
  variables["messages"] = messages_;
  variables["add_generation_prompt"] = true;
  const std::string prompt =
      WithContext("chat template", [&] { return format_.chat_template.Render(variables); });
  // The template writes the special tokens itself.
  return tokenizer.Encode(prompt, {.add_special = false});
}

}  // namespace hlwq::chat
