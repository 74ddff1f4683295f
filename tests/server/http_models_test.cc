#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/http_server.h"
#include "tests/support/await.h"

namespace hlwq::server {
namespace {

using nlohmann::json;
using test::kChat;
using testing::HasSubstr;
using HttpModels = test::HttpServer;

TEST_F(HttpModels, SeveralModelsAreOpenedWhenTheyAreAskedFor) {
  names_ = {"small", "second \"2\"", "third"};
  Start();
  EXPECT_EQ(opened_, 0);
  const auto ask = [&](const json& model) {
    json body = {{"messages", {{{"role", "user"}, {"content", "the fox"}}}}, {"max_tokens", 2}};
    if (!model.is_null()) body["model"] = model;
    return Post(kChat, body.dump());
  };
  const auto [status, answer] = ask("third");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(answer["model"], "third");
  EXPECT_EQ(ask("third").second["model"], "third");
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(ask(nullptr).second["model"], "small");
  const auto [missing, error] = ask("none");
  EXPECT_EQ(missing, 404);
  EXPECT_EQ(error["error"]["code"], "model_not_found");
  EXPECT_THAT(error["error"]["message"].get<std::string>(),
              HasSubstr("small, second \"2\", third"));
  // Two may be open: the one that is unused for the longest time goes.
  EXPECT_EQ(ask("third").first, 200);
  EXPECT_EQ(opened_, 2);
  EXPECT_EQ(ask("second \"2\"").first, 200);
  EXPECT_EQ(ask("third").first, 200);
  EXPECT_EQ(opened_, 3);
  EXPECT_EQ(ask("small").first, 200);
  EXPECT_EQ(opened_, 4);
  const json models = json::parse(Client().Get("/v1/models")->body)["data"];
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[1]["id"], "second \"2\"");
  EXPECT_FALSE(models[1].contains("meta"));  // it is closed again
  EXPECT_GT(models[2]["meta"]["memory_bytes"], 0);
  EXPECT_THAT(Client().Get("/metrics")->body,
              testing::AllOf(HasSubstr("hlwq_requests_total{model=\"third\"} 4\n"),
                             HasSubstr("hlwq_requests_total{model=\"second \\\"2\\\"\"} 1\n"),
                             HasSubstr("hlwq_token_seconds_bucket{model=\"small\",le=\"+Inf\"}")));
}

TEST_F(HttpModels, ModelsThatAnswerAreNotClosedForOthers) {
  names_ = {"small", "second", "third"};
  Start();
  std::vector<std::thread> clients;
  std::atomic<bool> is_over = false;
  for (const char* name : {"small", "second"}) {
    clients.emplace_back([&, name] {
      httplib::Request request;
      request.method = "POST";
      request.path = kChat;
      request.body = R"({"messages": [{"role": "user", "content": "x"}], "ignore_eos": true,
                         "stream": true, "model": ")" +
                     std::string(name) + "\"}";
      request.content_receiver = [&](const char*, size_t, uint64_t, uint64_t) { return !is_over; };
      auto client = Client();
      client.send(request);
    });
  }
  const auto are_busy = [&] {
    const auto entries = shelf_->Entries();
    return std::ranges::all_of(std::span(entries).first(2), [](const auto& entry) {
      return entry.model && entry.model->scheduler().metrics().active > 0;
    });
  };
  test::Await(are_busy);
  const std::string third = R"({"prompt": "x", "max_tokens": 1, "model": "third"})";
  const auto refused = Client().Post("/v1/completions", third, "application/json");
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->get_header_value("Retry-After"), "1");
  is_over = true;
  for (std::thread& client : clients) client.join();
  int status = 503;
  for (int tries = 0; tries < 500 && status == 503; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    status = Post("/v1/completions", third).first;
  }
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace hlwq::server
