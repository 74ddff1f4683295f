// An answer as its parts: what the model thinks, what it says, and the tools it calls.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/thinking.h"
#include "server/tool_calls.h"

namespace hlwq::server {

struct Said {
  std::string reasoning, content;
  std::vector<ToolCall> calls;

  bool is_empty() const noexcept { return reasoning.empty() && content.empty() && calls.empty(); }
};

struct SplitOptions {
  bool splits_thinking = true;
  bool is_thinking = false;  // the prompt has opened it
  nlohmann::ordered_json tools = nlohmann::ordered_json::array();
};

class AnswerSplitter {
 public:
  explicit AnswerSplitter(const SplitOptions& options)
      : splits_thinking_(options.splits_thinking),
        thinking_(options.is_thinking),
        calls_(options.tools) {}

  // Text by pieces.
  Said Push(std::string_view text);
  Said Finish();

 private:
  bool splits_thinking_;
  ThinkingSplitter thinking_;
  ToolCallSplitter calls_;
};

}  // namespace hlwq::server
