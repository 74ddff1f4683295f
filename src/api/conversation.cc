#include "hlwq/conversation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/session_impl.h"
#include "base/error.h"
#include "base/json.h"
#include "chat/conversation.h"

namespace hlwq {
namespace {

nlohmann::ordered_json VariablesOf(const ConversationOptions& options) {
  if (options.template_variables.empty()) return nlohmann::ordered_json::object();
  try {
    nlohmann::ordered_json variables = ParseOrderedJson(options.template_variables);
    if (variables.is_object()) return variables;
    throw Error(ErrorCode::kInvalidArgument, "want an object");
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalidArgument, std::string("template_variables: ") + error.what());
  }
}

}  // namespace

struct Conversation::Impl {
  Session session;
  chat::TextModel& model;
  chat::Conversation conversation;

  Impl(Model shared_model, const ConversationOptions& options)
      : session(std::move(shared_model), options.session),
        model(session.impl_->model.impl_->model),
        conversation(model.chat_format(),
                     {.system = options.system, .variables = VariablesOf(options)}) {
    model.tokenizer();  // without one there is nothing to talk about
  }
};

Conversation::Conversation(Model model, const ConversationOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Conversation::Conversation(Conversation&&) noexcept = default;
Conversation& Conversation::operator=(Conversation&&) noexcept = default;
Conversation::~Conversation() = default;

Answer Conversation::Ask(std::string_view text, const GenerateOptions& options) {
  Add("user", text);
  try {
    return Reply(options);
  } catch (...) {
    impl_->conversation.RemoveLast();
    throw;
  }
}

void Conversation::Add(std::string_view role, std::string_view text) {
  impl_->conversation.Add(role, text);
}

Answer Conversation::Reply(const GenerateOptions& options) {
  const std::vector<TokenId> prompt = impl_->conversation.Prompt(impl_->model.tokenizer());
  Answer answer = impl_->session.impl_->Generate(prompt, options, false);
  impl_->conversation.Add("assistant", answer.text);
  return answer;
}

std::vector<Message> Conversation::messages() const {
  std::vector<Message> messages;
  for (const auto& message : impl_->conversation.messages()) {
    messages.push_back({message.at("role"), message.at("content")});
  }
  return messages;
}

void Conversation::Reset() { impl_->conversation.Reset(); }

}  // namespace hlwq
