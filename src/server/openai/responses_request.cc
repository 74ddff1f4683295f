#include "server/openai/responses_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

// What was thought, where the client was given it as text and sends it back.
std::string ReasoningOf(const Fields& item) {
  const ordered_json* content = item.Find("content");
  std::string reasoning;
  for (const ordered_json& part :
       content != nullptr && content->is_array() ? *content : ordered_json::array()) {
    reasoning += Fields(part).Text("text").value_or("");
  }
  return reasoning;
}

// Whether what is said next belongs to a thought that came as an item of its own.
bool EndsInThought(const ordered_json& messages) {
  return !messages.empty() && messages.back().contains("reasoning_content") &&
         messages.back()["content"] == "" && !messages.back().contains("tool_calls");
}

// Calls of one turn belong to one message.
ordered_json& AssistantOf(ordered_json& messages) {
  if (messages.empty() || messages.back()["role"] != "assistant") {
    messages.push_back({{"role", "assistant"}, {"content", ""}});
  }
  return messages.back();
}

void AddItem(const ordered_json& item, size_t index, ordered_json& messages) {
  const std::string where = fmt::format("input[{}]", index);
  const Fields fields(item);
  const std::string type = fields.Text("type").value_or("message");
  if (type == "function_call") {
    AssistantOf(messages)["tool_calls"].push_back(
        {{"id", fields.Text("call_id").value_or("")},
         {"type", "function"},
         {"function",
          {{"name", fields.Text("name").value_or("")},
           {"arguments", fields.Text("arguments").value_or("{}")}}}});
  } else if (type == "function_call_output") {
    const ordered_json* output = fields.Find("output");
    messages.push_back({{"role", "tool"},
                        {"tool_call_id", fields.Text("call_id").value_or("")},
                        {"content", output == nullptr ? ordered_json("") : *output}});
  } else if (type == "message") {
    if (!fields.Text("role"))
      throw BadRequest{"'" + where + "': want a message with a \"role\"", where};
    const ordered_json* content = fields.Find("content");
    const ordered_json said = content == nullptr ? ordered_json("") : *content;
    if (fields.Text("role") == "assistant" && EndsInThought(messages)) {
      messages.back()["content"] = said;
    } else {
      messages.push_back({{"role", *fields.Text("role")}, {"content", said}});
    }
  } else if (type == "reasoning") {
    const std::string reasoning = ReasoningOf(fields);
    if (reasoning.empty()) return;  // or it is a secret of another server
    messages.push_back({{"role", "assistant"}, {"content", ""}, {"reasoning_content", reasoning}});
  }
  // Others are of no use to the model.
}

// Functions lie flat in this API.
ordered_json ToolsOf(const ordered_json& given) {
  if (!given.is_array()) throw BadRequest{"'tools': want a list, got " + ShortOf(given), "tools"};
  ordered_json tools = ordered_json::array();
  for (const ordered_json& tool : given) {
    if (!tool.is_object() || tool.value("type", ordered_json()) != "function") continue;
    ordered_json function = tool;
    for (const char* name : {"type", "strict"}) function.erase(name);
    tools.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  return tools;
}

}  // namespace

ordered_json ChatBodyOfResponses(const ordered_json& body) {
  const Fields fields(body);
  if (fields.Find("previous_response_id") != nullptr) {
    throw BadRequest{"'previous_response_id': responses are not kept; send the whole input",
                     "previous_response_id", "unsupported"};
  }
  ordered_json chat = ordered_json::object();
  for (const char* name :
       {"temperature", "top_p", "stream", "tool_choice", "seed", "top_k", "cache_prompt",
        "ignore_eos", "chat_template_kwargs", "parallel_tool_calls", "thinking_budget"}) {
    if (const ordered_json* value = fields.Find(name)) chat[name] = *value;
  }
  if (const ordered_json* most = fields.Find("max_output_tokens")) chat["max_tokens"] = *most;
  if (const ordered_json* reasoning = fields.Find("reasoning")) {
    if (const auto effort = Fields(*reasoning).Text("effort")) chat["reasoning_effort"] = *effort;
  }
  if (const ordered_json* text = fields.Find("text")) {
    if (const ordered_json* format = Fields(*text).Find("format"))
      chat["response_format"] = *format;
  }
  if (const ordered_json* tools = fields.Find("tools")) chat["tools"] = ToolsOf(*tools);
  ordered_json messages = ordered_json::array();
  const std::string instructions = fields.Text("instructions").value_or("");
  if (!instructions.empty()) messages.push_back({{"role", "system"}, {"content", instructions}});
  const ordered_json* input = fields.Find("input");
  if (input == nullptr)
    throw BadRequest{"'input': want a string or a list of items, got none", "input"};
  if (input->is_string()) {
    messages.push_back({{"role", "user"}, {"content", *input}});
  } else if (input->is_array()) {
    for (size_t index = 0; index < input->size(); ++index)
      AddItem((*input)[index], index, messages);
  } else {
    throw BadRequest{"'input': want a string or a list of items, got " + ShortOf(*input), "input"};
  }
  // Clients ask for nothing, to see whether there is somebody.
  if (messages.empty()) messages.push_back({{"role", "user"}, {"content", ""}});
  chat["messages"] = std::move(messages);
  return chat;
}

OpenAiRequest ReadResponsesRequest(const ordered_json& body, const ModelContext& context) {
  return ReadChatRequest(ChatBodyOfResponses(body), context);
}

}  // namespace hlwq::server
