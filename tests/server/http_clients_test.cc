#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/http_server.h"
#include "tests/support/await.h"

namespace hlwq::server {
namespace {

using nlohmann::json;
using test::kChat;
using test::kHello;
using testing::HasSubstr;
using HttpClients = test::HttpServer;

const std::string kEndless =
    R"({"messages": [{"role": "user", "content": "the fox"}], "ignore_eos": true)";

// Neither gets anything before the end: an answer that is whole, and a stream that may be a call of a tool.
TEST_F(HttpClients, AClientThatGoesIsMissedWhereNothingIsSent) {
  Start();
  std::vector<std::string> bodies = {kEndless + "}"};
  if (constrain::IsAvailable()) {
    bodies.push_back(R"({"messages": [{"role": "user", "content": "x"}], "stream": true,
      "grammar": "root ::= \"{\\\"name\\\":\\\"\" [a-z]{65000}", "tools": [{"type": "function", "function": {"name": "f"}}]})");
  }
  for (const std::string& body : bodies) {
    const uint64_t before = metrics().answer_tokens;
    {
      httplib::Client client = Client();
      client.set_read_timeout(std::chrono::milliseconds(200));
      client.Post(kChat, body, "application/json");
    }
    test::Await([&] { return metrics().active == 0; });
    EXPECT_LT(metrics().answer_tokens - before, 60000u) << body;  // not until the context was full
  }
}

TEST_F(HttpClients, AnAnswerThatTakesTooLongEndsWithAnError) {
  Start({}, 1 << 20, 1.5);
  const auto [status, body] = Post(kChat, kEndless + "}");
  EXPECT_EQ(status, 504);
  EXPECT_EQ(body["error"]["type"], "timeout_error");
  EXPECT_THAT(body["error"]["message"].get<std::string>(), HasSubstr("longer than the 1.5 s"));
  const auto streamed = Client().Post(kChat, kEndless + R"(, "stream": true})", "application/json");
  ASSERT_TRUE(streamed);
  EXPECT_THAT(streamed->body, HasSubstr("longer than the 1.5 s"));
  EXPECT_EQ(Post(kChat, kHello + "}").first, 200);
}

TEST_F(HttpClients, EndsTheAnswerOfAClientThatGoes) {
  Start();
  const std::string endless =
      R"({"messages": [{"role": "user", "content": "x"}], "ignore_eos": true,
                               "stream": true})";
  for (int i = 0; i < 3; ++i) {
    size_t seen = 0;
    auto client = Client();
    httplib::Request request;
    request.method = "POST";
    request.path = kChat;
    request.body = endless;
    request.content_receiver = [&](const char*, size_t size, uint64_t, uint64_t) {
      return (seen += size) < 2000;
    };
    client.send(request);
    EXPECT_GE(seen, 2000u);
  }
  // Room for two at once: this is answered only if those were ended.
  EXPECT_EQ(Post(kChat, kHello + "}").first, 200);
}

TEST_F(HttpClients, EndsWithAnswersUnderWayAndIdleConnections) {
  Start();
  auto idle = Client();
  idle.set_keep_alive(true);
  ASSERT_EQ(idle.Get("/health")->status, 200);
  const std::string body = kEndless + R"(, "max_tokens": 2000)";
  std::pair<int, json> answer;
  std::thread client([&] { answer = Post(kChat, body + "}"); });
  std::string streamed;
  std::atomic<bool> has_begun = false;
  std::thread reader([&] {
    httplib::Request request;
    request.method = "POST";
    request.path = kChat;
    request.body = body + R"(, "stream": true})";
    request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
      streamed.append(data, size);
      return has_begun = true;
    };
    auto client_of_stream = Client();
    client_of_stream.send(request);
  });
  test::Await([&] { return has_begun && metrics().requests == 2; });
  server_->Stop();
  thread_.join();
  client.join();
  reader.join();
  EXPECT_EQ(answer.first, 200);
  EXPECT_EQ(answer.second["usage"]["completion_tokens"], 2000);
  EXPECT_THAT(streamed, HasSubstr("data: [DONE]"));
  server_.reset();
}

TEST_F(HttpClients, TakesNoRequestsWhileItEnds) {
  Start();
  std::atomic<bool> has_begun = false, is_over = false;
  std::thread reader([&] {
    httplib::Request request;
    request.method = "POST";
    request.path = kChat;
    request.body = kEndless + R"(, "stream": true})";
    request.content_receiver = [&](const char*, size_t, uint64_t, uint64_t) {
      has_begun = true;
      while (!is_over) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return false;
    };
    auto client = Client();
    client.send(request);
  });
  test::Await([&] { return has_begun.load(); });
  std::thread stop([&] { server_->Stop(); });
  test::Await([&] { return Client().Get("/health")->status == 503; });
  const auto [status, body] = Post(kChat, kHello + "}");
  EXPECT_EQ(status, 503);
  EXPECT_EQ(body["error"]["message"], "the server is shutting down");
  is_over = true;
  reader.join();
  stop.join();
  thread_.join();
  server_.reset();
}

TEST_F(HttpClients, SaysThatItIsFull) {
  Start();
  const std::string endless =
      R"({"messages": [{"role": "user", "content": "x"}], "ignore_eos": true,
                               "stream": true})";
  std::vector<std::thread> clients;
  std::atomic<bool> is_over = false;
  for (int i = 0; i < 5; ++i) {  // two answers, three that wait
    clients.emplace_back([&] {
      httplib::Request request;
      request.method = "POST";
      request.path = kChat;
      request.body = endless;
      request.content_receiver = [&](const char*, size_t, uint64_t, uint64_t) { return !is_over; };
      auto client = Client();
      client.send(request);
    });
    const Metrics& counts = metrics();
    test::Await([&] {
      return counts.requests == static_cast<uint64_t>(i) + 1 &&
             counts.active >= std::min<size_t>(i + 1, 2);
    });
  }
  EXPECT_EQ(Post(kChat, kHello + "}").first, 429);
  is_over = true;
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace hlwq::server
