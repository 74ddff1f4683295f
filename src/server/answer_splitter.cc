#include "server/answer_splitter.h"

#include <utility>

namespace hlwq::server {

Said AnswerSplitter::Push(std::string_view text) {
  Thought thought = splits_thinking_ ? thinking_.Push(text)
                                     : Thought{.reasoning = {}, .content = std::string(text)};
  TextAndCalls rest = calls_.Push(thought.content);
  return {std::move(thought.reasoning), std::move(rest.content), std::move(rest.calls)};
}

Said AnswerSplitter::Finish() {
  Thought thought = thinking_.Finish();
  TextAndCalls first = calls_.Push(thought.content), last = calls_.Finish();
  Said said = {std::move(thought.reasoning), first.content + last.content, std::move(first.calls)};
  for (ToolCall& call : last.calls) said.calls.push_back(std::move(call));
  return said;
}

}  // namespace hlwq::server
