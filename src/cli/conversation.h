// A conversation and the prompt that a model's template makes of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model_files.h"
#include "text/tokenizer.h"

namespace hlwq::cli {

struct ConversationOptions {
  std::string system;             // empty: no system message
  bool forbids_thinking = false;  // enable_thinking false
};

class Conversation {
 public:
  Conversation(ChatFormat format, ConversationOptions options);

  // Invalid UTF-8 becomes U+FFFD.
  void AddUser(std::string_view text) { Add("user", text); }
  void AddAssistant(std::string_view text) { Add("assistant", text); }
  void RemoveLast() { messages_.erase(messages_.size() - 1); }
  // Forgets all but the system message.
  void Reset();

  const nlohmann::ordered_json& messages() const noexcept { return messages_; }
  // Everything up to where the assistant's next answer begins. Throws as ChatTemplate::Render.
  std::vector<text::TokenId> Prompt(const text::Tokenizer& tokenizer) const;

 private:
  ChatFormat format_;
  ConversationOptions options_;
  nlohmann::ordered_json messages_;

  void Add(std::string_view role, std::string_view text);
};

}  // namespace hlwq::cli
