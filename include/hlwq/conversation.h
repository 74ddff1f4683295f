// A conversation in the model's own chat template.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hlwq/session.h"

namespace hlwq {

struct Message {
  std::string role;  // the template's: "system", "user", "assistant", "tool"
  std::string text;  // UTF-8
};

struct ConversationOptions {
  std::string system = {};  // empty: no system message
  // What the template is told besides, as the text of a JSON object: {"enable_thinking": false}, or
  // {"tools": [...]}. Empty: nothing.
  std::string template_variables = {};
  SessionOptions session = {};
};

//   hlwq::Model model("model-hlwq");
//   hlwq::Conversation conversation(model);
//   conversation.Ask("What is a Hadamard matrix?",
//                    {.on_text = [](std::string_view text) { std::cout << text << std::flush; }});
//
// One caller at a time, as Session.
class Conversation {
 public:
  // Throws Error{kNotFound} for a model without tokenizer or template, Error{kInvalidArgument} for
  // variables that are not an object, and as Session.
  explicit Conversation(Model model, const ConversationOptions& options = {});
  Conversation(Conversation&&) noexcept;
  Conversation& operator=(Conversation&&) noexcept;
  ~Conversation();

  // Adds what the user says, answers, and adds the answer. An answer that was cancelled is added as
  // far as it got. When it throws the conversation is as before.
  Answer Ask(std::string_view text, const GenerateOptions& options = {});

  // The same in parts: any messages, then an answer to all of them, which is added. An invalid part of
  // the text becomes U+FFFD. Throws as Session::Generate, and Error{kInvalidData} for what the template
  // refuses.
  void Add(std::string_view role, std::string_view text);
  Answer Reply(const GenerateOptions& options = {});

  std::vector<Message> messages() const;
  // Forgets all but the system message.
  void Reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq
