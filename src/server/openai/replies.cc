#include "server/openai/replies.h"

#include <fmt/format.h>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

std::string FinishReason(const End& end, bool has_calls) {
  if (end.reason == "length" || end.reason == "context_full") return "length";
  return has_calls ? "tool_calls" : "stop";
}

void Append(const std::string& text, ordered_json& to) {
  if (to.is_null()) to = "";
  to.get_ref<std::string&>() += text;
}

// The entry of a delta for the last call that has begun.
ordered_json& EntryOf(size_t call, ordered_json& delta) {
  ordered_json& entries = delta["tool_calls"];
  if (entries.empty() || entries.back()["index"] != call) entries.push_back({{"index", call}});
  return entries.back();
}

ordered_json BytesOf(const std::string& text) {
  ordered_json bytes = ordered_json::array();
  for (const char byte : text) bytes.push_back(static_cast<unsigned char>(byte));
  return bytes;
}

}  // namespace

OpenAiReply::OpenAiReply(ReplyKind kind, std::string model_name, const text::Tokenizer& tokenizer,
                         const OpenAiRequest& request)
    : kind_(kind),
      model_name_(std::move(model_name)),
      id_(RandomId(kind == ReplyKind::kChat ? "chatcmpl-" : "cmpl-")),
      tokenizer_(tokenizer),
      request_(request),
      created_(SecondsNow()) {
  for (size_t i = 0; i < request.request.answers(); ++i) {
    choices_.push_back({.splitter = AnswerSplitter(request.split)});
  }
}

ordered_json OpenAiReply::Chunk(ordered_json choices) const {
  const char* object = kind_ == ReplyKind::kChat ? "chat.completion.chunk" : "text_completion";
  return {{"id", id_},
          {"object", object},
          {"created", created_},
          {"model", model_name_},
          {"choices", std::move(choices)}};
}

std::string OpenAiReply::Begin() {
  std::string events;
  for (size_t choice = 0; choice < choices_.size(); ++choice) {
    if (kind_ == ReplyKind::kChat) {
      ordered_json entry = {{"index", choice},
                            {"delta", {{"role", "assistant"}, {"content", ""}}},
                            {"finish_reason", nullptr}};
      events += EventOf("", Chunk(ordered_json::array({std::move(entry)})));
    } else if (!request_.echoes.empty()) {
      ordered_json entry = {
          {"index", choice}, {"text", EchoOf(choice)}, {"finish_reason", nullptr}};
      events += EventOf("", Chunk(ordered_json::array({std::move(entry)})));
    }
  }
  return events;
}

ordered_json OpenAiReply::LogprobOf(const Piece::Token& token) const {
  const auto describe = [&](const TokenLogprob& of) {
    const std::string text = tokenizer_.Decode(std::span(&of.token, 1));
    return ordered_json{{"token", text}, {"logprob", of.logprob}, {"bytes", BytesOf(text)}};
  };
  ordered_json entry = describe(token.chosen);
  entry["top_logprobs"] = ordered_json::array();
  for (const TokenLogprob& likely : token.likeliest)
    entry["top_logprobs"].push_back(describe(likely));
  return entry;
}

// A list of entries in the form of the kind.
ordered_json OpenAiReply::Logprobs(const ordered_json& list) const {
  if (!request_.request.top_logprobs) return nullptr;
  if (kind_ == ReplyKind::kChat) return {{"content", list}, {"refusal", nullptr}};
  ordered_json old = {{"tokens", ordered_json::array()},
                      {"token_logprobs", ordered_json::array()},
                      {"top_logprobs", ordered_json::array()}};
  for (const ordered_json& entry : list) {
    old["tokens"].push_back(entry["token"]);
    old["token_logprobs"].push_back(entry["logprob"]);
    ordered_json likely = ordered_json::object();
    for (const ordered_json& other : entry["top_logprobs"]) {
      likely[other["token"].get<std::string>()] = other["logprob"];
    }
    old["top_logprobs"].push_back(std::move(likely));
  }
  return old;
}

ordered_json OpenAiReply::Keep(const Parts& parts, ChoiceState& choice) {
  ordered_json delta = ordered_json::object();
  for (const Part& part : parts) {
    if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
      choice.reasoning += reasoning->text;
      Append(reasoning->text, delta["reasoning_content"]);
    } else if (const auto* content = std::get_if<Content>(&part)) {
      choice.text += content->text;
      Append(content->text, delta["content"]);
    } else if (const auto* begin = std::get_if<CallBegin>(&part)) {
      const ordered_json call = {{"id", begin->id},
                                 {"type", "function"},
                                 {"function", {{"name", begin->name}, {"arguments", ""}}}};
      EntryOf(choice.calls.size(), delta).update(call);
      choice.calls.push_back(call);
    } else if (const auto* arguments = std::get_if<CallArguments>(&part)) {
      Append(arguments->json, choice.calls.back()["function"]["arguments"]);
      Append(arguments->json, EntryOf(choice.calls.size() - 1, delta)["function"]["arguments"]);
    } else if (const auto* end = std::get_if<CallEnd>(&part)) {
      choice.has_broken_call |= !end->is_whole;
    }
  }
  return delta;
}

std::string OpenAiReply::ShowParts(size_t choice, const Parts& parts, const Piece* piece) {
  ordered_json delta = Keep(parts, choices_[choice]);
  const bool has_tokens = piece != nullptr && !piece->tokens.empty();
  if (delta.empty() && !has_tokens) return "";
  if (delta.empty()) delta["content"] = "";
  ordered_json entry = {{"index", choice}};
  if (kind_ == ReplyKind::kChat) {
    entry["delta"] = std::move(delta);
  } else {
    entry["text"] = std::move(delta["content"]);
  }
  if (piece != nullptr && request_.request.top_logprobs) {
    ordered_json list = ordered_json::array();
    for (const Piece::Token& token : piece->tokens) list.push_back(LogprobOf(token));
    entry["logprobs"] = Logprobs(list);
  }
  entry["finish_reason"] = nullptr;
  return EventOf("", Chunk(ordered_json::array({std::move(entry)})));
}

std::string OpenAiReply::Take(const Event& event) {
  std::string events;
  if (const auto* progress = std::get_if<Progress>(&event)) {
    if (!request_.reports_progress) return events;
    ordered_json chunk = Chunk(ordered_json::array());
    chunk["prompt_progress"] = {{"total", progress->total}, {"processed", progress->done}};
    events += EventOf("", std::move(chunk));
  } else if (const auto* piece = std::get_if<Piece>(&event)) {
    ChoiceState& state = choices_[piece->choice];
    for (const Piece::Token& token : piece->tokens) state.logprobs.push_back(LogprobOf(token));
    state.ends.insert(state.ends.end(), piece->ends.begin(), piece->ends.end());
    events += ShowParts(piece->choice, state.splitter.Push(piece->text), piece);
  } else if (const auto* end = std::get_if<End>(&event)) {
    ChoiceState& state = choices_[end->choice];
    events += ShowParts(end->choice, state.splitter.Finish(), nullptr);
    state.times = end->times;
    state.finish_reason = FinishReason(*end, !state.calls.empty() && !state.has_broken_call);
    ordered_json last = {{"index", end->choice}};
    if (kind_ == ReplyKind::kChat) {
      last["delta"] = ordered_json::object();
    } else {
      last["text"] = "";
    }
    last["finish_reason"] = state.finish_reason;
    ordered_json chunk = Chunk(ordered_json::array({std::move(last)}));
    chunk["timings"] = Timings();
    events += EventOf("", chunk);
  }
  return events;
}

std::string OpenAiReply::EchoOf(size_t choice) const {
  return request_.echoes.empty() ? "" : request_.echoes[choice / request_.request.choices];
}

// A prompt counts once, whatever answers it has.
ordered_json OpenAiReply::Usage() const {
  size_t made = 0, thought = 0, prompt = 0, reused = 0;
  for (size_t choice = 0; choice < choices_.size(); ++choice) {
    const runtime::GenerateTimes& times = choices_[choice].times;
    made += times.generated_tokens;
    thought += choices_[choice].splitter.ThoughtTokens(choices_[choice].ends);
    if (choice % request_.request.choices != 0) continue;
    prompt += times.prompt_tokens;
    reused += times.reused_tokens;
  }
  return {{"prompt_tokens", prompt},
          {"completion_tokens", made},
          {"total_tokens", prompt + made},
          {"prompt_tokens_details", {{"cached_tokens", reused}}},
          {"completion_tokens_details", {{"reasoning_tokens", thought}}}};
}

// As llama.cpp's server has them; of the first choice.
ordered_json OpenAiReply::Timings() const {
  const runtime::GenerateTimes& times = choices_.front().times;
  ordered_json timings = {{"cache_n", times.reused_tokens},
                          {"prompt_n", times.prompt_tokens - times.reused_tokens},
                          {"prompt_ms", 1e3 * times.prompt_seconds},
                          {"prompt_per_second", times.prompt_tokens_per_second()},
                          {"predicted_n", times.generated_tokens},
                          {"predicted_ms", 1e3 * times.decode_seconds},
                          {"predicted_per_second", times.decode_tokens_per_second()}};
  if (times.drafted_tokens > 0) {
    timings["draft_n"] = times.drafted_tokens;
    timings["draft_n_accepted"] = times.accepted_tokens;
  }
  return timings;
}

std::string OpenAiReply::Finish() {
  std::string events;
  if (request_.includes_usage) {
    ordered_json chunk = Chunk(ordered_json::array());
    chunk["usage"] = Usage();
    events += EventOf("", chunk);
  }
  return events + "data: [DONE]\n\n";
}

std::string OpenAiReply::Fail(const std::string& message) {
  return EventOf("", ErrorBody(500, message));
}

ordered_json OpenAiReply::Body() const {
  ordered_json choices = ordered_json::array();
  for (size_t index = 0; index < choices_.size(); ++index) {
    const ChoiceState& state = choices_[index];
    ordered_json choice = {{"index", index}};
    if (kind_ == ReplyKind::kChat) {
      choice["message"] = {{"role", "assistant"}, {"content", state.text}};
      if (!state.reasoning.empty()) choice["message"]["reasoning_content"] = state.reasoning;
      if (!state.calls.empty()) {
        choice["message"]["tool_calls"] = state.calls;
        if (state.text.empty()) choice["message"]["content"] = nullptr;
      }
    } else {
      choice["text"] = EchoOf(index) + state.text;
    }
    choice["logprobs"] = Logprobs(state.logprobs);
    choice["finish_reason"] = state.finish_reason;
    choices.push_back(std::move(choice));
  }
  ordered_json body = Chunk(std::move(choices));
  if (kind_ == ReplyKind::kChat) body["object"] = "chat.completion";
  body["usage"] = Usage();
  body["timings"] = Timings();
  return body;
}

ordered_json ErrorBody(int status, const std::string& message, const std::string& param,
                       const std::string& code) {
  const char* type = status == 401   ? "authentication_error"
                     : status == 403 ? "permission_error"
                     : status == 404 ? "not_found_error"
                     : status == 429 ? "rate_limit_error"
                     : status == 504 ? "timeout_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  ordered_json error = {{"message", message}, {"type", type}};
  error["param"] = param.empty() ? ordered_json() : ordered_json(param);
  error["code"] = code.empty() ? ordered_json() : ordered_json(code);
  return {{"error", std::move(error)}};
}

}  // namespace hlwq::server
