// Calls of tools in whole texts, read leniently: as models write them that nothing binds to a format.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::server {

struct ToolCall {
  std::string name;
  nlohmann::ordered_json arguments;  // an object
};

// What lies between <tool_call> and </tool_call>: JSON with "name" and "arguments" (Hermes, Qwen2.5, Qwen3), or
// <function=NAME> with <parameter=KEY> elements (Qwen3-Coder, Qwen3.5). Values of those are text, unless the
// tool's schema, in the list `tools` of the request, says otherwise. Lenient: a missing end, blanks and
// code fences do not matter. Nothing where there is no call in it.
std::optional<ToolCall> ParseToolCall(std::string_view text, const nlohmann::ordered_json& tools);

// The value of such an element: JSON, unless the parameter's type is "string" or it is none.
nlohmann::ordered_json ParameterValue(std::string_view text, const std::string& type);

// A text that is, as a whole, one call in JSON or a list of them: objects with the name of a function of the request and
// an object of arguments, and nothing else but an id or "type": "function". Empty where it is anything else:
// JSON that happens to have a name is an answer, not a call.
std::vector<ToolCall> ParseBareCalls(std::string_view text, const nlohmann::ordered_json& tools);
// Whether a text that begins like this may: told by the first key of the first object.
bool MayBecomeBareCalls(std::string_view text) noexcept;

}  // namespace hlwq::server
