// How models write calls of tools, as forms for answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constrain/formats.h"
#include "text/tokenizer.h"

namespace hlwq::constrain {

enum class ToolStyle : uint8_t {
  kJson,     // {"name": ..., "arguments": ...}, where the template says nothing
  kLlama,    // {"name": ..., "parameters": ...}
  kHermes,   // JSON in <tool_call>: Hermes, Qwen2.5, Qwen3
  kQwenXml,  // <function=...> with <parameter=...> in <tool_call>: Qwen3-Coder, Qwen3.5
  kMistral,  // a list of calls after the special token [TOOL_CALLS]
};

// What a chat template teaches.
ToolStyle ToolStyleOf(std::string_view chat_template) noexcept;

struct Function {
  std::string name;
  nlohmann::ordered_json parameters;  // a schema
};

// What stands around the arguments of a call.
struct CallFrame {
  std::string begin, end;
};
CallFrame CallFrameOf(const std::string& function, ToolStyle style);
// Whether calls stand in <tool_call>, which tells them from text.
constexpr bool IsTagged(ToolStyle style) noexcept {
  return style == ToolStyle::kHermes || style == ToolStyle::kQwenXml;
}

struct ToolWriting {
  ToolStyle style = ToolStyle::kJson;
  std::optional<text::TokenId> mistral_mark;  // [TOOL_CALLS]
  bool is_parallel = true;                    // more than one call in an answer
};

// A call of one of the functions, or several, and nothing else. `functions` has one at least, with names that
// differ.
Format CallsOf(const std::vector<Function>& functions, const ToolWriting& writing);
// Text in which each call that begins is one of these. Nothing where the style does not tell calls from
// text.
std::optional<Format> TextWithCallsOf(const std::vector<Function>& functions,
                                      const ToolWriting& writing);

}  // namespace hlwq::constrain
