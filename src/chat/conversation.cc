#include "chat/conversation.h"

#include <utility>

#include "base/utf8.h"
#include "chat/prompt.h"

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
  return EncodePrompt(tokenizer, RenderPrompt(format_, messages_, options_.variables));
}

}  // namespace hlwq::chat
