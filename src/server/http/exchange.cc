#include "server/http/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/stopwatch.h"
#include "server/openai/fields.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto kPing = 15s;  // of silence, before the stream shows that it lives
constexpr auto kPoll = 100ms;

// What one answer needs until its last byte is sent.
struct Conversation {
  Exchange exchange;
  std::shared_ptr<AnswerChannel> channel;
  double most_seconds = 0;
  Stopwatch since;
  std::chrono::steady_clock::time_point last_sent = std::chrono::steady_clock::now();
  bool has_begun = false;

  ~Conversation() { channel->Cancel(); }

  bool IsLate() const noexcept { return most_seconds > 0 && since.Seconds() > most_seconds; }
  std::string Lateness() const {
    return fmt::format("the answer took longer than the {} s that this server allows",
                       most_seconds);
  }
};

bool Write(httplib::DataSink& sink, const std::string& text) {
  return text.empty() || sink.write(text.data(), text.size());
}

// Sends what there is; false ends the connection.
bool Continue(Conversation& conversation, httplib::DataSink& sink) {
  Reply& reply = *conversation.exchange.reply;
  if (!std::exchange(conversation.has_begun, true) && !Write(sink, reply.Begin())) return false;
  const auto fail = [&](const std::string& message) {
    if (!Write(sink, reply.Fail(message))) return false;
    sink.done();
    return true;
  };
  if (conversation.IsLate()) return fail(conversation.Lateness());
  const std::optional<Event> event = conversation.channel->Next(kPoll);
  std::string text;
  if (event) {
    if (const auto* failure = std::get_if<Failure>(&*event)) return fail(failure->message);
    text = reply.Take(*event);
  } else if (conversation.channel->is_over()) {
    if (!Write(sink, reply.Finish())) return false;
    sink.done();
    return true;
  }
  const auto now = std::chrono::steady_clock::now();
  if (text.empty()) {  // nothing, or what may become a call of a tool
    if (!sink.is_writable()) return false;
    if (now - conversation.last_sent < kPing) return true;
    text = reply.Ping();
  }
  conversation.last_sent = now;
  return Write(sink, text);
}

void AnswerWhole(Conversation& conversation, const ClientWatch& client, ErrorForm form,
                 httplib::Response& response) {
  auto last_looked = std::chrono::steady_clock::now();
  while (!conversation.channel->is_over()) {
    const std::optional<Event> event = conversation.channel->Next(kPoll);
    if (conversation.IsLate())
      return SendJson(response, 504, form(504, conversation.Lateness(), "", ""));
    if (const auto now = std::chrono::steady_clock::now(); now - last_looked > kPoll) {
      last_looked = now;
      if (client.HasGone()) return;
    }
    if (!event) continue;
    if (const auto* failure = std::get_if<Failure>(&*event)) {
      return SendJson(response, 500, form(500, failure->message, "", ""));
    }
    conversation.exchange.reply->Take(*event);
  }
  SendJson(response, 200, conversation.exchange.reply->Body());
}

// Of a body; empty, with the status in the response, where it does not come whole. Read here, since the library
// takes what calls itself a form up to 8 KiB only.
std::optional<ordered_json> ReadJson(const httplib::Request& request, httplib::Response& response,
                                     const httplib::ContentReader& read) {
  if (request.is_multipart_form_data()) {
    throw BadRequest{"the body is not JSON: got multipart/form-data", "", "invalid_json"};
  }
  std::string body;
  const bool is_whole = read([&](const char* data, size_t length) {
    body.append(data, length);
    return true;
  });
  if (!is_whole) {
    response.status = std::max(response.status, 400);
    return std::nullopt;
  }
  try {
    return ParseOrderedJson(body);
  } catch (const Error& error) {
    throw BadRequest{std::string("the body is not JSON: ") + error.what(), "", "invalid_json"};
  }
}

}  // namespace

void SendJson(httplib::Response& response, int status, const ordered_json& body) {
  response.status = status;
  response.set_content(LineOf(body), "application/json");
}

httplib::Server::HandlerWithContentReader WithJson(JsonHandler handler, ErrorForm form) {
  return [handler = std::move(handler), form](const httplib::Request& request,
                                              httplib::Response& response,
                                              const httplib::ContentReader& read) {
    const auto refuse = [&](int status, const BadRequest& bad) {
      if (status == 503) response.set_header("Retry-After", "1");
      SendJson(response, status, form(status, bad.message, bad.param, bad.code));
    };
    try {
      std::optional<ordered_json> body = ReadJson(request, response, read);
      if (!body) return;
      handler({.body = std::move(*body), .peer = {request.remote_addr, request.remote_port}},
              response);
    } catch (const BadRequest& bad) {
      refuse(bad.status, bad);
    } catch (const Error& error) {
      refuse(error.code() == ErrorCode::kInvalidArgument ? 400 : 500, {error.what(), "", ""});
    }
  };
}

void Answer(Scheduler& scheduler, Exchange exchange, const AnswerLimits& limits, ErrorForm form,
            httplib::Response& response) {
  const bool streams = exchange.streams;
  std::shared_ptr<AnswerChannel> channel = scheduler.Submit(std::move(exchange.request));
  if (!channel) {
    response.set_header("Retry-After", "1");
    return SendJson(response, 429, form(429, "too many requests are waiting", "", ""));
  }
  const auto conversation = std::make_shared<Conversation>();
  conversation->exchange = std::move(exchange);
  conversation->channel = std::move(channel);
  conversation->most_seconds = limits.seconds;
  if (!streams) {
    return AnswerWhole(*conversation, ClientWatch(limits.port, limits.peer), form, response);
  }
  response.set_header("Cache-Control", "no-store");
  response.set_chunked_content_provider(
      "text/event-stream",
      [conversation](size_t, httplib::DataSink& sink) { return Continue(*conversation, sink); });
}

}  // namespace hlwq::server
