#include "server/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/stopwatch.h"
#include "tests/server/small_model.h"

namespace hlwq::server {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kChat = "/v1/chat/completions";

class HttpServer : public testing::Test {
 protected:
  void Start(AccessOptions access = {}, size_t most_body = 1 << 20, double most_seconds = 0) {
    SchedulerOptions options;
    options.cache.capacity = 1 << 16;
    options.idle_bytes = 1 << 20;
    options.most_active = 2;
    options.most_waiting = 3;
    const auto open = [this, options](const ModelShelf::Opening& opening) {
      ++opened_;
      return std::make_shared<ServedModel>(
          opening.name, [&] { return model_.Open(); },
          [&](const chat::TextModel&) {
            SchedulerOptions with_growth = options;
            with_growth.on_growth = opening.on_growth;
            return with_growth;
          },
          opening.metrics);
    };
    shelf_.emplace(names_, limits_, open, [this](const std::string&) { return measured_; });
    server_.emplace(*shelf_, ServerOptions{.port = 0,
                                           .access = std::move(access),
                                           .most_body_bytes = most_body,
                                           .most_seconds = most_seconds,
                                           .most_connections = 8});
    thread_ = std::thread([&] { server_->Run(); });
    while (!httplib::Client("127.0.0.1", server_->port()).Get("/health")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  ~HttpServer() override {
    if (server_) server_->Stop();
    if (thread_.joinable()) thread_.join();
  }

  httplib::Client Client() { return httplib::Client("127.0.0.1", server_->port()); }
  std::pair<int, json> Post(const char* path, const std::string& body,
                            const httplib::Headers& headers = {}) {
    const auto result = Client().Post(path, headers, body, "application/json");
    if (!result) return {0, nullptr};
    return {result->status, json::parse(result->body, nullptr, false)};
  }

  const Metrics& metrics() { return shelf_->Get("")->scheduler().metrics(); }

  test::SmallModel model_;
  std::vector<std::string> names_ = {"small"};
  ShelfLimits limits_ = {.most_open = 2};
  uint64_t measured_ = 1000;  // what every model is taken for before it is open
  std::optional<ModelShelf> shelf_;
  std::atomic<int> opened_ = 0;
  std::optional<Server> server_;
  std::thread thread_;
};

const std::string kHello =
    R"({"messages": [{"role": "user", "content": "the fox"}], "max_tokens": 8,
    "temperature": 0.7, "seed": 3, "ignore_eos": true)";

TEST_F(HttpServer, SeveralModelsAreOpenedWhenTheyAreAskedFor) {
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

TEST_F(HttpServer, ModelsThatAnswerAreNotClosedForOthers) {
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
  while (!are_busy()) std::this_thread::yield();
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

const std::string kEndless =
    R"({"messages": [{"role": "user", "content": "the fox"}], "ignore_eos": true)";

// Neither gets anything before the end: an answer that is whole, and a stream that may be a call of a tool.
TEST_F(HttpServer, AClientThatGoesIsMissedWhereNothingIsSent) {
  Start();
  std::vector<std::string> bodies = {kEndless + "}"};
  if (constrain::IsAvailable()) {
    bodies.push_back(R"({"messages": [{"role": "user", "content": "x"}], "stream": true,
      "grammar": "root ::= \"{\" [a-z]{65000}", "tools": [{"type": "function", "function": {"name": "f"}}]})");
  }
  for (const std::string& body : bodies) {
    const uint64_t before = metrics().answer_tokens;
    {
      httplib::Client client = Client();
      client.set_read_timeout(std::chrono::milliseconds(200));
      client.Post(kChat, body, "application/json");
    }
    const Stopwatch since;
    while (metrics().active > 0 && since.Seconds() < 20)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(metrics().active, 0u) << body;
    EXPECT_LT(metrics().answer_tokens - before, 60000u) << body;  // not until the context was full
  }
}

TEST_F(HttpServer, AnAnswerThatTakesTooLongEndsWithAnError) {
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

TEST_F(HttpServer, AnswersAndStreamsTheSame) {
  Start();
  const auto [status, whole] = Post(kChat, kHello + "}");
  ASSERT_EQ(status, 200) << whole;
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["model"], "small");
  EXPECT_EQ(whole["usage"]["completion_tokens"], 8);
  EXPECT_EQ(whole["choices"][0]["finish_reason"], "length");
  const auto streamed = Client().Post(
      kChat, kHello + R"(, "stream": true, "stream_options": {"include_usage": true}})",
      "application/json");
  ASSERT_TRUE(streamed);
  EXPECT_EQ(streamed->get_header_value("Content-Type"), "text/event-stream");
  std::string text, finish;
  json usage;
  std::istringstream lines(streamed->body);
  bool is_done = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    ASSERT_EQ(line.substr(0, 6), "data: ");
    if ((is_done = line == "data: [DONE]")) continue;
    const json chunk = json::parse(line.substr(6));
    if (chunk["choices"].empty()) {
      usage = chunk["usage"];
      continue;
    }
    text += chunk["choices"][0]["delta"].value("content", "");
    if (!chunk["choices"][0]["finish_reason"].is_null())
      finish = chunk["choices"][0]["finish_reason"];
  }
  EXPECT_TRUE(is_done);
  EXPECT_EQ(text, whole["choices"][0]["message"]["content"]);
  EXPECT_EQ(finish, "length");
  EXPECT_EQ(usage["completion_tokens"], 8);
}

TEST_F(HttpServer, GivesProbabilitiesOfEachToken) {
  Start();
  const auto [status, body] =
      Post(kChat, kHello + R"(, "logprobs": true, "top_logprobs": 3, "n": 2})");
  ASSERT_EQ(status, 200) << body;
  ASSERT_EQ(body["choices"].size(), 2u);
  for (const json& choice : body["choices"]) {
    ASSERT_EQ(choice["logprobs"]["content"].size(), 8u);
    for (const json& token : choice["logprobs"]["content"]) {
      EXPECT_LE(token["logprob"].get<double>(), token["top_logprobs"][0]["logprob"].get<double>());
      EXPECT_EQ(token["top_logprobs"].size(), 3u);
    }
  }
}

TEST_F(HttpServer, CompletesTextAndTokens) {
  Start();
  const auto [status, body] =
      Post("/v1/completions", R"({"prompt": "the", "echo": true, "max_tokens": 3, "logprobs": 1})");
  ASSERT_EQ(status, 200) << body;
  EXPECT_EQ(body["object"], "text_completion");
  EXPECT_EQ(body["choices"][0]["text"].get<std::string>().substr(0, 3), "the");
  const auto [tokenized, tokens] = Post("/tokenize", R"({"content": "the fox"})");
  ASSERT_EQ(tokenized, 200);
  EXPECT_EQ(Post("/detokenize", tokens.dump()).second["content"], "the fox");
  EXPECT_THAT(Post("/apply-template", kHello + "}").second["prompt"].get<std::string>(),
              HasSubstr("the fox<|im_end|>"));
}

TEST_F(HttpServer, TellsWhatItIs) {
  Start();
  const auto get = [&](const char* path) { return Client().Get(path); };
  EXPECT_EQ(json::parse(get("/v1/models")->body)["data"][0]["id"], "small");
  EXPECT_EQ(json::parse(get("/api/tags")->body)["models"][0]["name"], "small");
  const auto context = [&] {
    return json::parse(get("/props")->body)["default_generation_settings"]["n_ctx"];
  };
  EXPECT_EQ(context(), nullptr);  // nobody is asked to open a model for this
  shelf_->Get("");
  EXPECT_EQ(context(), 1 << 16);
  Post(kChat, kHello + "}");
  EXPECT_THAT(get("/metrics")->body, HasSubstr("\nhlwq_answer_tokens_total 8\n"));
  EXPECT_THAT(get("/metrics")->body, HasSubstr("hlwq_first_token_seconds_count 1\n"));
  EXPECT_EQ(get("/nothing")->status, 404);
  EXPECT_EQ(Post("/v1/embeddings", "{}").first, 501);
}

TEST_F(HttpServer, RefusesWhatMakesNoSenseAndLives) {
  Start({}, 20000);
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), deep,
        std::string("{\"messages\": \"\xFF\"}"), std::string("{\"a\": 1, \"a\": 2}"),
        std::string("{\"a\": \"\\ud800\"}"), std::string("\0", 1),
        std::string("{\"messages\": [], \"seed\": 1e999}")}) {
    const auto [status, reply] = Post(kChat, body);
    EXPECT_EQ(status, 400) << body.substr(0, 50);
    EXPECT_FALSE(reply["error"]["message"].get<std::string>().empty());
  }
  EXPECT_EQ(Post(kChat, std::string(30000, ' ')).first, 413);
  EXPECT_EQ(Client().Get(("/" + std::string(9000, 'a')).c_str())->status, 414);
  EXPECT_EQ(Post(kChat, kHello + "}").first, 200);
}

TEST_F(HttpServer, RefusesRequestsThatTwoReadersWouldCutDifferently) {
  Start();
  const httplib::Headers twice = {{"Host", "localhost"}, {"Host", "127.0.0.1"}};
  EXPECT_EQ(Post(kChat, kHello + "}", twice).first, 400);
}

TEST_F(HttpServer, AsksForAKey) {
  Start({.api_keys = {"secret"}});
  EXPECT_EQ(Post(kChat, kHello + "}").first, 401);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Authorization", "Bearer other"}}).first, 401);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Authorization", "Bearer secret"}}).first, 200);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"x-api-key", "secret"}}).first, 200);
  EXPECT_EQ(Client().Get("/metrics")->status, 401);
  EXPECT_EQ(Post("/v1/messages", "{}").second["error"]["type"], "authentication_error");
  EXPECT_EQ(Post("/v1/messages", "{}").second["type"], "error");
  EXPECT_EQ(Client().Get("/health")->status, 200);
}

TEST_F(HttpServer, HasAPageForWhoeverHasAKey) {
  Start({.api_keys = {"secret"}});
  for (const char* path :
       {"/", "/app.js", "/client.js", "/markdown.js", "/store.js", "/style.css"}) {
    const auto file = Client().Get(path);
    ASSERT_EQ(file->status, 200) << path;
    EXPECT_GT(file->body.size(), 500u) << path;
    EXPECT_THAT(file->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  }
  EXPECT_EQ(Client().Get("/page.h")->status, 401);
}

TEST_F(HttpServer, IsNotForOtherNamesAndOtherPages) {
  Start({.origins = {"https://chat.example"}});
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Host", "evil.example"}}).first, 403);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Origin", "https://evil.example"}}).first, 403);
  const httplib::Headers page = {{"Origin", "https://chat.example"}};
  const auto preflight = Client().Options(kChat, page);
  EXPECT_EQ(preflight->status, 204);
  EXPECT_EQ(preflight->get_header_value("Access-Control-Allow-Origin"), "https://chat.example");
  EXPECT_EQ(Post(kChat, kHello + "}", page).first, 200);
}

TEST_F(HttpServer, EndsTheAnswerOfAClientThatGoes) {
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

TEST_F(HttpServer, EndsWithAnswersUnderWayAndIdleConnections) {
  Start();
  auto idle = Client();
  idle.set_keep_alive(true);
  ASSERT_EQ(idle.Get("/health")->status, 200);
  const std::string body =
      R"({"messages": [{"role": "user", "content": "x"}], "ignore_eos": true, "max_tokens": 200})";
  std::pair<int, json> answer;
  std::thread client([&] { answer = Post(kChat, body); });
  while (metrics().active == 0) std::this_thread::yield();
  server_->Stop();
  thread_.join();
  client.join();
  EXPECT_EQ(answer.first, 200);
  EXPECT_EQ(answer.second["usage"]["completion_tokens"], 200);
  server_.reset();
}

TEST_F(HttpServer, SaysThatItIsFull) {
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
    while (counts.waiting + counts.active < static_cast<size_t>(i) + 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  EXPECT_EQ(Post(kChat, kHello + "}").first, 429);
  is_over = true;
  for (std::thread& client : clients) client.join();
}

TEST(HttpServerAddress, ThatIsTakenIsRefused) {
  ModelShelf none({"none"}, {}, nullptr, nullptr);
  const Server first(none, {.port = 0});
  try {
    const Server second(none, {.host = "256.1.1.1", .port = first.port()});
    ADD_FAILURE() << "bound";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen there"));
  }
}

}  // namespace
}  // namespace hlwq::server
