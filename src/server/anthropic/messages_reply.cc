#include "server/anthropic/messages_reply.h"

#include <utility>

#include "base/json.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr const char* kText = "text";
constexpr const char* kThinking = "thinking";
constexpr const char* kToolUse = "tool_use";

// Up to where the last member of an object is complete, told by the comma after it.
size_t EndOfLastMember(std::string_view json) noexcept {
  size_t end = 0, depth = 0;
  bool is_in_string = false;
  for (size_t at = 0; at < json.size(); ++at) {
    const char character = json[at];
    if (character == '"') is_in_string = !is_in_string;
    if (is_in_string) {
      at += character == '\\' ? 1 : 0;
    } else if (character == '{' || character == '[') {
      ++depth;
    } else if (character == '}' || character == ']') {
      --depth;
    } else if (character == ',' && depth == 1) {
      end = at;
    }
  }
  return end;
}

// The arguments of a call; of one that was cut off the members that are complete.
ordered_json ObjectOf(const std::string& json) {
  ordered_json object = TryParseOrderedJson(json);
  if (!object.is_object()) {
    object = TryParseOrderedJson(json.substr(0, EndOfLastMember(json)) + '}');
  }
  return object.is_object() ? object : ordered_json::object();
}

}  // namespace

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
    const bool calls = has_calls_ && !has_broken_call_;
    stop["stop_reason"] = is_cut ? "max_tokens" : calls ? "tool_use" : "end_turn";
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

std::string MessagesReply::Open(ordered_json block) {
  std::string events = Close();
  blocks_.push_back(std::move(block));
  is_open_ = true;
  return events + EventOf("content_block_start", {{"type", "content_block_start"},
                                                  {"index", blocks_.size() - 1},
                                                  {"content_block", blocks_.back()}});
}

std::string MessagesReply::Close() {
  if (!std::exchange(is_open_, false)) return "";
  if (blocks_.back()["type"] == kToolUse)
    blocks_.back()["input"] = ObjectOf(std::exchange(arguments_, {}));
  return EventOf("content_block_stop",
                 {{"type", "content_block_stop"}, {"index", blocks_.size() - 1}});
}

std::string MessagesReply::Tell(const ordered_json& delta) const {
  return EventOf(
      "content_block_delta",
      {{"type", "content_block_delta"}, {"index", blocks_.size() - 1}, {"delta", delta}});
}

std::string MessagesReply::Add(const char* type, const std::string& text) {
  std::string events;
  if (!is_open_ || blocks_.back()["type"] != type) {
    ordered_json block = {{"type", type}, {type, ""}};
    if (type == std::string_view(kThinking)) block["signature"] = "";
    events = Open(std::move(block));
  }
  blocks_.back()[type].get_ref<std::string&>() += text;
  return events + Tell({{"type", std::string(type) + "_delta"}, {type, text}});
}

std::string MessagesReply::Show(const Parts& parts) {
  std::string events;
  for (const Part& part : parts) {
    if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
      events += Add(kThinking, reasoning->text);
    } else if (const auto* content = std::get_if<Content>(&part)) {
      events += Add(kText, content->text);
    } else if (const auto* begin = std::get_if<CallBegin>(&part)) {
      has_calls_ = true;
      events += Open({{"type", kToolUse},
                      {"id", begin->id},
                      {"name", begin->name},
                      {"input", ordered_json::object()}});
    } else if (const auto* arguments = std::get_if<CallArguments>(&part)) {
      arguments_ += arguments->json;
      events += Tell({{"type", "input_json_delta"}, {"partial_json", arguments->json}});
    } else if (const auto* end = std::get_if<CallEnd>(&part)) {
      has_broken_call_ |= !end->is_whole;
      events += Close();
    }
  }
  return events;
}

std::string MessagesReply::Take(const Event& event) {
  if (const auto* piece = std::get_if<Piece>(&event)) return Show(splitter_.Push(piece->text));
  const auto* end = std::get_if<End>(&event);
  if (end == nullptr) return "";
  end_ = *end;
  return Show(splitter_.Finish()) + Close();
}

std::string MessagesReply::Finish() {
  return EventOf("message_delta",
                 {{"type", "message_delta"}, {"delta", StopOf()}, {"usage", Usage()}}) +
         EventOf("message_stop", {{"type", "message_stop"}});
}

std::string MessagesReply::Fail(const std::string& message) {
  return EventOf("error", MessagesError(500, message, "", ""));
}

ordered_json MessagesReply::Body() const {
  ordered_json message = Message();
  message["content"] = blocks_;
  if (blocks_.empty()) message["content"].push_back({{"type", kText}, {kText, ""}});
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
