#include "server/anthropic/messages_request.h"

#include <fmt/format.h>

#include "server/anthropic/offered_tools.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr const char* kSystem = "system";

// The text of a string or of blocks, those of Claude Code left out that change with every request.
std::string TextOf(const ordered_json& content, const char* where, OfferedTools& tools,
                   Speaker speaker = Speaker::kAnyone) {
  if (content.is_null()) return "";
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    throw BadRequest{
        fmt::format("'{}': want a string or a list of blocks, got {}", where, ShortOf(content)),
        where};
  }
  std::string text;
  for (const ordered_json& block : content) {
    const Fields fields(block);
    const std::string type = fields.Text("type").value_or("text");
    std::string some;
    if (OfferedTools::IsToldBy(type)) {
      some = tools.TextOf(block);
    } else if (type == "text") {
      some = fields.Text("text").value_or("");
    } else if (speaker == Speaker::kTool) {
      some = LeftOut(type);
    } else {
      throw BadRequest{
          fmt::format("'{}': blocks of type '{}' cannot be used: this model takes text only", where,
                      type.substr(0, 40)),
          where, "unsupported_content"};
    }
    if (where == std::string_view(kSystem) && some.starts_with("x-anthropic-")) continue;
    if (!text.empty()) text += '\n';
    text += some;
  }
  return text;
}

// Adds what one message of theirs is in the other API: results of tools are messages of their own.
void AddMessage(const ordered_json& given, size_t index, OfferedTools& tools,
                ordered_json& messages) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!given.is_object() || !given.contains("role") || !given["role"].is_string()) {
    throw BadRequest{
        fmt::format("'{}': want an object with a \"role\", got {}", where, ShortOf(given)), where};
  }
  const ordered_json content = given.contains("content") ? given["content"] : ordered_json();
  if (!content.is_array()) {
    messages.push_back(
        {{"role", given["role"]}, {"content", TextOf(content, where.c_str(), tools)}});
    return;
  }
  ordered_json text = ordered_json::array(), calls = ordered_json::array();
  std::string reasoning;
  for (const ordered_json& block : content) {
    const Fields fields(block);
    const std::string type = fields.Text("type").value_or("text");
    if (type == "thinking") {
      reasoning += fields.Text("thinking").value_or("");
    } else if (type == "redacted_thinking") {
      continue;
    } else if (type == "tool_use") {
      const ordered_json* input = fields.Find("input");
      calls.push_back({{"id", fields.Text("id").value_or("")},
                       {"type", "function"},
                       {"function",
                        {{"name", fields.Text("name").value_or("")},
                         {"arguments", input == nullptr ? ordered_json::object() : *input}}}});
    } else if (type == "tool_result") {
      const ordered_json* result = fields.Find("content");
      messages.push_back(
          {{"role", "tool"},
           {"tool_call_id", fields.Text("tool_use_id").value_or("")},
           {"content",
            result == nullptr ? "" : TextOf(*result, where.c_str(), tools, Speaker::kTool)}});
    } else {
      text.push_back(block);
    }
  }
  if (text.empty() && calls.empty() && reasoning.empty() && !content.empty()) return;
  ordered_json message = {{"role", given["role"]}, {"content", TextOf(text, where.c_str(), tools)}};
  if (!reasoning.empty()) message["reasoning_content"] = reasoning;
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  messages.push_back(std::move(message));
}

}  // namespace

ordered_json ChatBodyOf(const ordered_json& body) {
  const Fields fields(body);
  ordered_json chat = ordered_json::object();
  for (const char* name : {"temperature", "top_p", "top_k", "max_tokens", "stream", "seed",
                           "cache_prompt", "ignore_eos", "chat_template_kwargs"}) {
    if (const ordered_json* value = fields.Find(name)) chat[name] = *value;
  }
  if (const ordered_json* stops = fields.Find("stop_sequences")) chat["stop"] = *stops;
  OfferedTools tools(fields.Find("tools"));
  ordered_json messages = ordered_json::array();
  if (const ordered_json* system = fields.Find("system")) {
    const std::string text = TextOf(*system, kSystem, tools);
    if (!text.empty()) messages.push_back({{"role", "system"}, {"content", text}});
  }
  const ordered_json* given = fields.Find("messages");
  if (given == nullptr || !given->is_array() || given->empty()) {
    throw BadRequest{
        "'messages': want a list of messages, got " + (given == nullptr ? "none" : ShortOf(*given)),
        "messages"};
  }
  for (size_t index = 0; index < given->size(); ++index)
    AddMessage((*given)[index], index, tools, messages);
  chat["messages"] = std::move(messages);
  // Their form of an answer, in its present and its former place, and how much to think.
  if (const ordered_json* config = fields.Find("output_config")) {
    const Fields inner(*config);
    if (const ordered_json* format = inner.Find("format")) chat["response_format"] = *format;
    if (const auto effort = inner.Text("effort")) chat["reasoning_effort"] = *effort;
  }
  if (const ordered_json* format = fields.Find("output_format")) chat["response_format"] = *format;
  if (fields.Find("tools") != nullptr) chat["tools"] = tools.List();
  if (const ordered_json* choice = fields.Find("tool_choice")) {
    const Fields wanted(*choice);
    const std::string type = wanted.Text("type").value_or("auto");
    if (type == "tool") {
      chat["tool_choice"] = {{"function", {{"name", wanted.Text("name").value_or("")}}}};
    } else {
      chat["tool_choice"] = type == "any" ? "required" : type;
    }
    chat["parallel_tool_calls"] = !wanted.Switch("disable_parallel_tool_use", false);
  }
  if (const ordered_json* thinking = fields.Find("thinking")) {
    const std::string type = Fields(*thinking).Text("type").value_or("enabled");
    ordered_json& variables =
        chat["chat_template_kwargs"];  // refused later where they are no object
    if (variables.is_null() || variables.is_object())
      variables["enable_thinking"] = type != "disabled";
    if (const ordered_json* most = Fields(*thinking).Find("budget_tokens"))
      chat["thinking_budget"] = *most;
  }
  return chat;
}

OpenAiRequest ReadMessagesRequest(const ordered_json& body, const ModelContext& context) {
  return ReadChatRequest(ChatBodyOf(body), context);
}

}  // namespace hlwq::server
