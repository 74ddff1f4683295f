#include "server/anthropic/messages.h"

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

MessagesReply::MessagesReply(std::string model_name, const OpenAiRequest& request)
    : model_name_(std::move(model_name)),
      id_(RandomId("msg_")),
      request_(request),
      splitter_(request.split) {}

ordered_json MessagesReply::Usage() const {
  const size_t prompt = request_.request.prompts.front().size();
  const size_t reused = end_ ? end_->times.reused_tokens : 0;
  return {{"input_tokens", prompt - reused},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", reused},
          {"output_tokens", end_ ? end_->times.generated_tokens : 0}};
}

ordered_json MessagesReply::StopOf() const {
  ordered_json stop = {{"stop_reason", nullptr}, {"stop_sequence", nullptr}};
  if (!end_) return stop;
  if (end_->found_stop) {
    stop = {{"stop_reason", "stop_sequence"}, {"stop_sequence", *end_->found_stop}};
  } else {
    const bool is_cut = end_->reason == "length" || end_->reason == "context_full";
    stop["stop_reason"] = is_cut ? "max_tokens" : calls_.empty() ? "end_turn" : "tool_use";
  }
  return stop;
}

ordered_json MessagesReply::Message() const {
  ordered_json message = {{"id", id_},
                          {"type", "message"},
                          {"role", "assistant"},
                          {"model", model_name_},
                          {"content", ordered_json::array()}};
  message.update(StopOf());
  message["usage"] = Usage();
  return message;
}

std::string MessagesReply::Begin() {
  return EventOf("message_start", {{"type", "message_start"}, {"message", Message()}});
}

std::string MessagesReply::Ping() const { return EventOf("ping", {{"type", "ping"}}); }

std::string MessagesReply::Open(Block block) {
  if (open_ == block) return "";
  const std::string closed = Close();
  open_ = block;
  const ordered_json content =
      block == Block::kText
          ? ordered_json{{"type", "text"}, {"text", ""}}
          : ordered_json{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
  return closed +
         EventOf("content_block_start",
                 {{"type", "content_block_start"}, {"index", blocks_}, {"content_block", content}});
}

std::string MessagesReply::Close() {
  if (open_ == Block::kNone) return "";
  open_ = Block::kNone;
  return EventOf("content_block_stop", {{"type", "content_block_stop"}, {"index", blocks_++}});
}

std::string MessagesReply::Show(const Said& said) {
  std::string events;
  const auto add = [&](Block block, const ordered_json& delta) {
    events += Open(block);
    events += EventOf("content_block_delta",
                      {{"type", "content_block_delta"}, {"index", blocks_}, {"delta", delta}});
  };
  if (!said.reasoning.empty()) {
    thinking_ += said.reasoning;
    add(Block::kThinking, {{"type", "thinking_delta"}, {"thinking", said.reasoning}});
  }
  if (!said.content.empty()) {
    text_ += said.content;
    add(Block::kText, {{"type", "text_delta"}, {"text", said.content}});
  }
  for (const ToolCall& call : said.calls) {
    calls_.push_back(call);
    events += Close();
    events += EventOf("content_block_start", {{"type", "content_block_start"},
                                              {"index", blocks_},
                                              {"content_block",
                                               {{"type", "tool_use"},
                                                {"id", call.id},
                                                {"name", call.name},
                                                {"input", ordered_json::object()}}}});
    events += EventOf(
        "content_block_delta",
        {{"type", "content_block_delta"},
         {"index", blocks_},
         {"delta", {{"type", "input_json_delta"}, {"partial_json", LineOf(call.arguments)}}}});
    events += EventOf("content_block_stop", {{"type", "content_block_stop"}, {"index", blocks_++}});
  }
  return events;
}

std::string MessagesReply::Take(const Event& event) {
  if (const auto* piece = std::get_if<Piece>(&event)) return Show(splitter_.Push(piece->text));
  const auto* end = std::get_if<End>(&event);
  if (end == nullptr) return "";
  end_ = *end;
  return Show(splitter_.Finish());
}

std::string MessagesReply::Finish() {
  return Close() +
         EventOf("message_delta",
                 {{"type", "message_delta"}, {"delta", StopOf()}, {"usage", Usage()}}) +
         EventOf("message_stop", {{"type", "message_stop"}});
}

std::string MessagesReply::Fail(const std::string& message) {
  return EventOf("error", MessagesError(500, message, "", ""));
}

ordered_json MessagesReply::Body() const {
  ordered_json message = Message();
  if (!thinking_.empty()) {
    message["content"].push_back(
        {{"type", "thinking"}, {"thinking", thinking_}, {"signature", ""}});
  }
  if (!text_.empty() || (thinking_.empty() && calls_.empty())) {
    message["content"].push_back({{"type", "text"}, {"text", text_}});
  }
  for (const ToolCall& call : calls_) {
    message["content"].push_back(
        {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", call.arguments}});
  }
  return message;
}

ordered_json MessagesError(int status, const std::string& message, const std::string&,
                           const std::string&) {
  const char* type = status == 401   ? "authentication_error"
                     : status == 403 ? "permission_error"
                     : status == 404 ? "not_found_error"
                     : status == 413 ? "request_too_large"
                     : status == 429 ? "rate_limit_error"
                     : status >= 500 ? "api_error"
                                     : "invalid_request_error";
  return {{"type", "error"}, {"error", {{"type", type}, {"message", message}}}};
}

}  // namespace hlwq::server
