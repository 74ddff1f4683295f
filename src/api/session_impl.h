#pragma once

#include <optional>
#include <span>

#include "api/model_impl.h"
#include "chat/session.h"
#include "hlwq/session.h"

namespace hlwq {

struct Session::Impl {
  Model model;
  SessionOptions options;
  size_t context_tokens = 0;
  std::optional<chat::Session> session;  // made and dropped under the model's lock

  Impl(Model shared_model, const SessionOptions& chosen);
  ~Impl();

  // `continues_prompt` as of chat::AnswerOptions.
  Answer Generate(std::span<const TokenId> prompt, const GenerateOptions& wanted,
                  bool continues_prompt);
};

}  // namespace hlwq
