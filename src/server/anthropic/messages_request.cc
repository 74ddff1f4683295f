#include "server/anthropic/messages_request.h"

#include <fmt/format.h>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

// The text of a string or of blocks of type text, those left out that change with every request.
std::string TextOf(const ordered_json& content, const char* where) {
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
    const std::string some = fields.Text("text").value_or("");
    if (fields.Text("type").value_or("text") != "text") {
      throw BadRequest{
          fmt::format("'{}': blocks of type '{}' cannot be used: this model takes text only", where,
                      fields.Text("type")->substr(0, 40)),
          where, "unsupported_content"};
    }
    if (some.starts_with("x-anthropic-")) continue;
    if (!text.empty()) text += '\n';
    text += some;
  }
  return text;
}

// Adds what one message of theirs is in the other API: results of tools are messages of their own.
void AddMessage(const ordered_json& given, size_t index, ordered_json& messages) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!given.is_object() || !given.contains("role") || !given["role"].is_string()) {
    throw BadRequest{
        fmt::format("'{}': want an object with a \"role\", got {}", where, ShortOf(given)), where};
  }
  const ordered_json content = given.contains("content") ? given["content"] : ordered_json();
  if (!content.is_array()) {
    messages.push_back({{"role", given["role"]}, {"content", TextOf(content, where.c_str())}});
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
      messages.push_back({{"role", "tool"},
                          {"tool_call_id", fields.Text("tool_use_id").value_or("")},
                          {"content", result == nullptr ? "" : TextOf(*result, where.c_str())}});
    } else {
      text.push_back(block);
    }
  }
  if (text.empty() && calls.empty() && reasoning.empty() && !content.empty()) return;
  ordered_json message = {{"role", given["role"]}, {"content", TextOf(text, where.c_str())}};
  if (!reasoning.empty()) message["reasoning_content"] = reasoning;
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  messages.push_back(std::move(message));
}

ordered_json ToolsOf(const ordered_json& given) {
  ordered_json tools = ordered_json::array();
  if (!given.is_array()) throw BadRequest{"'tools': want a list, got " + ShortOf(given), "tools"};
  for (const ordered_json& tool : given) {
    const Fields fields(tool);
    const ordered_json* schema = fields.Find("input_schema");
    if (schema == nullptr) continue;  // a tool of their own servers
    tools.push_back({{"type", "function"},
                     {"function",
                      {{"name", fields.Text("name").value_or("")},
                       {"description", fields.Text("description").value_or("")},
                       {"parameters", *schema}}}});
  }
  return tools;
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
  ordered_json messages = ordered_json::array();
  if (const ordered_json* system = fields.Find("system")) {
    const std::string text = TextOf(*system, "system");
    if (!text.empty()) messages.push_back({{"role", "system"}, {"content", text}});
  }
  const ordered_json* given = fields.Find("messages");
  if (given == nullptr || !given->is_array() || given->empty()) {
    throw BadRequest{
        "'messages': want a list of messages, got " + (given == nullptr ? "none" : ShortOf(*given)),
        "messages"};
  }
  for (size_t index = 0; index < given->size(); ++index)
    AddMessage((*given)[index], index, messages);
  chat["messages"] = std::move(messages);
  // Their form of an answer, in its present and its former place.
  if (const ordered_json* config = fields.Find("output_config")) {
    if (const ordered_json* format = Fields(*config).Find("format"))
      chat["response_format"] = *format;
  }
  if (const ordered_json* format = fields.Find("output_format")) chat["response_format"] = *format;
  if (const ordered_json* tools = fields.Find("tools")) chat["tools"] = ToolsOf(*tools);
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
    chat["chat_template_kwargs"]["enable_thinking"] = type != "disabled";
    if (const ordered_json* most = Fields(*thinking).Find("budget_tokens"))
      chat["thinking_budget"] = *most;
  }
  return chat;
}

OpenAiRequest ReadMessagesRequest(const ordered_json& body, const ModelContext& context) {
  return ReadChatRequest(ChatBodyOf(body), context);
}

}  // namespace hlwq::server
