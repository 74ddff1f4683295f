// Calls of tools in the text of an answer.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::server {

struct ToolCall {
  std::string id;  // "call_1234...", made here
  std::string name;
  nlohmann::ordered_json arguments;  // an object
};

// What lies between <tool_call> and </tool_call>: JSON with "name" and "arguments" (Hermes, Qwen2.5, Qwen3), or
// <function=NAME> with <parameter=KEY> elements (Qwen3-Coder, Qwen3.5). Values of those are text, unless the
// tool's schema, in the list `tools` of the request, says otherwise. Lenient: a missing end, blanks and
// code fences do not matter. Nothing where there is no call in it.
std::optional<ToolCall> ParseToolCall(std::string_view text, const nlohmann::ordered_json& tools);

struct TextAndCalls {
  std::string content;
  std::vector<ToolCall> calls;
};

// Takes calls out of an answer that comes in pieces: those in tags, and where the whole answer is JSON, one call or
// a list of calls of functions that the request names (Llama 3, Mistral, whose tags are special tokens). What
// begins as a call and is none stays text: nothing of an answer is lost.
class ToolCallSplitter {
 public:
  // The request's tools; without any, all is text.
  explicit ToolCallSplitter(nlohmann::ordered_json tools) : tools_(std::move(tools)) {}

  TextAndCalls Push(std::string_view text);
  TextAndCalls Finish();

 private:
  nlohmann::ordered_json tools_;
  // kStart: only blanks so far. kJson: the answer began as JSON, and is held to its end.
  enum class State : uint8_t { kStart, kText, kJson };
  State state_ = State::kStart;
  std::string held_;            // blanks, and what may be a call
  bool is_after_call_ = false;  // blanks are left out

  // A call, or `text` as it is.
  void Take(std::string_view text, std::string_view inside, TextAndCalls& to);
  // Whether the whole of `text` is calls.
  bool TakeJson(std::string_view text, TextAndCalls& to) const;
};

}  // namespace hlwq::server
