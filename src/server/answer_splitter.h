// An answer as its parts: what the model thinks, what it says, and the tools it calls.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/answer_parts.h"
#include "server/thinking.h"
#include "server/tool_calls.h"

namespace hlwq::server {

struct SplitOptions {
  bool splits_thinking = true;
  bool is_thinking = false;  // the prompt has opened it
  CallReading calls = {};
};

class AnswerSplitter {
 public:
  explicit AnswerSplitter(const SplitOptions& options)
      : splits_thinking_(options.splits_thinking),
        thinking_(options.is_thinking),
        calls_(options.calls) {}

  // Text by pieces, each of whole characters. However it is cut, the parts are the same but for where texts and
  // arguments are cut.
  Parts Push(std::string_view text);
  Parts Finish();
  // How many of the tokens after which the answer had these many bytes, ascending, were thought.
  size_t ThoughtTokens(std::span<const size_t> ends) const noexcept;

 private:
  bool splits_thinking_;
  ThinkingSplitter thinking_;
  ToolCallSplitter calls_;

  Parts PartsOf(Thought thought);
};

}  // namespace hlwq::server
