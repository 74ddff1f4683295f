#include "constrain/tool_formats.h"

#include <utility>

namespace hlwq::constrain {
namespace {

using nlohmann::ordered_json;

constexpr const char* kToolCall = "<tool_call>";

Format CallOf(const Function& function, ToolStyle style) {
  const CallFrame frame = CallFrameOf(function.name, style);
  Format arguments = AsJson(function.parameters);
  if (style == ToolStyle::kQwenXml) arguments["style"] = "qwen_xml";
  return {{"type", "tag"},
          {"begin", frame.begin},
          {"content", std::move(arguments)},
          {"end", frame.end}};
}

Format TagsOf(const std::vector<Function>& functions, ToolStyle style) {
  Format tags = Format::array();
  for (const Function& function : functions) tags.push_back(CallOf(function, style));
  return tags;
}

}  // namespace

ToolStyle ToolStyleOf(std::string_view chat_template) noexcept {
  const auto has = [&](std::string_view what) {
    return chat_template.find(what) != chat_template.npos;
  };
  if (has("<function=")) return ToolStyle::kQwenXml;
  if (has(kToolCall)) return ToolStyle::kHermes;
  if (has("[TOOL_CALLS]")) return ToolStyle::kMistral;
  if (has("\"parameters\"") && has("ipython")) return ToolStyle::kLlama;
  return ToolStyle::kJson;
}

CallFrame CallFrameOf(const std::string& function, ToolStyle style) {
  const char* key = style == ToolStyle::kLlama ? "parameters" : "arguments";
  const std::string tag = kToolCall;
  CallFrame frame = {"{\"name\": " + ordered_json(function).dump() + ", \"" + key + "\": ", "}"};
  if (style == ToolStyle::kHermes) {
    frame = {tag + "\n" + frame.begin, frame.end + "\n</tool_call>"};
  } else if (style == ToolStyle::kQwenXml) {
    frame = {tag + "\n<function=" + function + ">\n", "\n</function>\n</tool_call>"};
  }
  return frame;
}

Format CallsOf(const std::vector<Function>& functions, const ToolWriting& writing) {
  const ToolStyle style = writing.style;
  const bool is_list = style == ToolStyle::kMistral;
  const Format calls = {
      {"type", "tags_with_separator"},
      {"tags", TagsOf(functions, style)},
      {"separator", is_list ? ", " : "\n"},
      {"at_least_one", true},
      {"stop_after_first", !writing.is_parallel || !(IsTagged(style) || is_list)}};
  if (!is_list) return calls;
  std::vector<Format> list = {AsText("["), calls, AsText("]")};
  if (writing.mistral_mark) {
    list.insert(list.begin(), Format{{"type", "token"}, {"token", *writing.mistral_mark}});
  }
  return InSequence(std::move(list));
}

std::optional<Format> TextWithCallsOf(const std::vector<Function>& functions,
                                      const ToolWriting& writing) {
  const ToolStyle style = writing.style;
  if (!IsTagged(style)) return std::nullopt;
  return Format{{"type", "triggered_tags"},
                {"triggers", {kToolCall}},
                {"tags", TagsOf(functions, style)},
                {"at_least_one", false},
                {"stop_after_first", !writing.is_parallel}};
}

}  // namespace hlwq::constrain
