#include "server/openai/responses_reply.h"

#include "server/openai/replies.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr const char* kMessage = "message";
constexpr const char* kReasoning = "reasoning";
constexpr const char* kFunctionCall = "function_call";

ordered_json PartOf(const char* kind, const std::string& text) {
  if (kind == std::string_view(kReasoning)) return {{"type", "reasoning_text"}, {"text", text}};
  return {{"type", "output_text"},
          {"text", text},
          {"annotations", ordered_json::array()},
          {"logprobs", ordered_json::array()}};
}

}  // namespace

ResponsesReply::ResponsesReply(std::string model_name, const OpenAiRequest& request)
    : model_name_(std::move(model_name)),
      id_(RandomId("resp_")),
      request_(request),
      created_(SecondsNow()),
      splitter_(request.split) {}

ordered_json ResponsesReply::Body() const {
  const bool is_cut = end_ && (end_->reason == "length" || end_->reason == "context_full");
  const size_t prompt = request_.request.prompts.front().size();
  const runtime::GenerateTimes times = end_ ? end_->times : runtime::GenerateTimes();
  ordered_json body = {{"id", id_},
                       {"object", "response"},
                       {"created_at", created_},
                       {"status", !end_    ? "in_progress"
                                  : is_cut ? "incomplete"
                                           : "completed"},
                       {"error", nullptr},
                       {"incomplete_details", nullptr},
                       {"instructions", nullptr},
                       {"model", model_name_},
                       {"output", output_},
                       {"parallel_tool_calls", true},
                       {"temperature", request_.request.generate.sampler.temperature},
                       {"top_p", request_.request.generate.sampler.top_p},
                       {"tool_choice", "auto"},
                       {"tools", ordered_json::array()},
                       {"metadata", ordered_json::object()},
                       {"usage", nullptr}};
  if (is_cut) body["incomplete_details"] = {{"reason", "max_output_tokens"}};
  if (end_) {
    body["usage"] = {
        {"input_tokens", prompt},
        {"input_tokens_details", {{"cached_tokens", times.reused_tokens}}},
        {"output_tokens", times.generated_tokens},
        {"output_tokens_details", {{"reasoning_tokens", splitter_.ThoughtTokens(ends_)}}},
        {"total_tokens", prompt + times.generated_tokens}};
  }
  return body;
}

std::string ResponsesReply::Tell(const char* type, ordered_json fields) {
  ordered_json event = {{"type", type}, {"sequence_number", events_++}};
  event.update(fields);
  return EventOf(type, event);
}

std::string ResponsesReply::Begin() {
  std::string events = Tell("response.created", {{"response", Body()}});
  return events + Tell("response.in_progress", {{"response", Body()}});
}

// Of what is being written.
ordered_json ResponsesReply::Place() const {
  return {{"item_id", output_.back()["id"]}, {"output_index", output_.size() - 1}};
}

std::string ResponsesReply::Open(ordered_json item) {
  std::string events = Close();
  output_.push_back(std::move(item));
  is_open_ = true;
  return events + Tell("response.output_item.added",
                       {{"output_index", output_.size() - 1}, {"item", output_.back()}});
}

std::string ResponsesReply::Add(const char* kind, const std::string& text) {
  std::string events;
  const bool is_message = kind == std::string_view(kMessage);
  if (!is_open_ || output_.back()["type"] != kind) {
    ordered_json item = {{"id", RandomId(is_message ? "msg_" : "rs_")},
                         {"type", kind},
                         {"status", "in_progress"},
                         {"content", ordered_json::array()}};
    item[is_message ? "role" : "summary"] =
        is_message ? ordered_json("assistant") : ordered_json::array();
    events += Open(std::move(item));
    output_.back()["content"].push_back(PartOf(kind, ""));
    ordered_json added = Place();
    added["content_index"] = 0;
    added["part"] = PartOf(kind, "");
    events += Tell("response.content_part.added", added);
  }
  output_.back()["content"][0]["text"].get_ref<std::string&>() += text;
  ordered_json delta = Place();
  delta["content_index"] = 0;
  delta["delta"] = text;
  if (is_message) delta["logprobs"] = ordered_json::array();
  return events +
         Tell(is_message ? "response.output_text.delta" : "response.reasoning_text.delta", delta);
}

std::string ResponsesReply::AddArguments(const std::string& json) {
  output_.back()["arguments"].get_ref<std::string&>() += json;
  ordered_json delta = Place();
  delta["delta"] = json;
  return Tell("response.function_call_arguments.delta", delta);
}

std::string ResponsesReply::TellEndOfText() {
  const ordered_json& item = output_.back();
  const bool is_message = item["type"] == kMessage;
  ordered_json done = Place();
  done["content_index"] = 0;
  ordered_json part = done;
  done["text"] = item["content"][0]["text"];
  if (is_message) done["logprobs"] = ordered_json::array();
  part["part"] = item["content"][0];
  std::string events =
      Tell(is_message ? "response.output_text.done" : "response.reasoning_text.done", done);
  return events + Tell("response.content_part.done", part);
}

std::string ResponsesReply::Close(bool is_whole) {
  if (!std::exchange(is_open_, false)) return "";
  ordered_json& item = output_.back();
  item["status"] = is_whole ? "completed" : "incomplete";
  std::string events;
  if (item["type"] != kFunctionCall) {
    events = TellEndOfText();
  } else if (is_whole) {
    ordered_json done = Place();
    done["name"] = item["name"];
    done["arguments"] = item["arguments"];
    events = Tell("response.function_call_arguments.done", done);
  }
  return events +
         Tell("response.output_item.done", {{"output_index", output_.size() - 1}, {"item", item}});
}

std::string ResponsesReply::Show(const Parts& parts) {
  std::string events;
  for (const Part& part : parts) {
    if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
      events += Add(kReasoning, reasoning->text);
    } else if (const auto* content = std::get_if<Content>(&part)) {
      events += Add(kMessage, content->text);
    } else if (const auto* begin = std::get_if<CallBegin>(&part)) {
      events += Open({{"id", RandomId("fc_")},
                      {"type", kFunctionCall},
                      {"status", "in_progress"},
                      {"call_id", begin->id},
                      {"name", begin->name},
                      {"arguments", ""}});
    } else if (const auto* arguments = std::get_if<CallArguments>(&part)) {
      events += AddArguments(arguments->json);
    } else if (const auto* end = std::get_if<CallEnd>(&part)) {
      events += Close(end->is_whole);
    }
  }
  return events;
}

std::string ResponsesReply::Take(const Event& event) {
  if (const auto* piece = std::get_if<Piece>(&event)) {
    ends_.insert(ends_.end(), piece->ends.begin(), piece->ends.end());
    return Show(splitter_.Push(piece->text));
  }
  const auto* end = std::get_if<End>(&event);
  if (end == nullptr) return "";
  std::string events = Show(splitter_.Finish());
  if (output_.empty()) events += Add(kMessage, "");
  events += Close();
  end_ = *end;
  return events;
}

std::string ResponsesReply::Finish() {
  const ordered_json body = Body();
  const bool is_whole = body["status"] == "completed";
  return Tell(is_whole ? "response.completed" : "response.incomplete", {{"response", body}});
}

std::string ResponsesReply::Fail(const std::string& message) {
  ordered_json body = Body();
  body["status"] = "failed";
  body["error"] = {{"code", "server_error"}, {"message", message}};
  return Tell("response.failed", {{"response", std::move(body)}});
}

}  // namespace hlwq::server
