// What an answer must look like, as requests say it.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "chat/text_model.h"
#include "constrain/grammar.h"
#include "constrain/tool_formats.h"
#include "server/openai/fields.h"

namespace hlwq::server {

// What an answer to messages may be.
struct AnswerForm {
  std::shared_ptr<const constrain::Grammar> grammar;  // null: anything
  bool may_call = true;                               // tools
  // JSON as the whole of the answer may be a call; not so where it was asked for.
  bool may_be_bare = true;
  // How calls that have begun are written, where the grammar leaves no other way.
  std::optional<constrain::ToolStyle> bound;
};

// What the model of a server can be asked to write.
class AnswerForms {
 public:
  explicit AnswerForms(const chat::TextModel& model);

  // Of an answer to messages: `response_format`; llama.cpp's `grammar` and `json_schema`; vLLM's
  // `structured_outputs` and guided fields; calls of the functions of `tools`, forced by
  // `tool_choice` or strict once they have begun; the most tokens of thinking. Throws BadRequest.
  AnswerForm OfChat(const Fields& fields, const nlohmann::ordered_json& tools,
                    bool is_thinking) const;
  // The same without tools and thinking. Null where it may be anything.
  std::shared_ptr<const constrain::Grammar> OfCompletion(const Fields& fields) const;

 private:
  constrain::Compiler compiler_;
  constrain::ToolWriting writing_;
  bool thinks_ = false;  // the template knows of <think>
};

}  // namespace hlwq::server
