// A server with the small model, and clients of it.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/http/server.h"
#include "tests/server/small_model.h"

namespace hlwq::test {

inline constexpr const char* kChat = "/v1/chat/completions";

class HttpServer : public testing::Test {
 protected:
  // With what the members below say.
  void Start(server::AccessOptions access = {}, size_t most_body = 1 << 20,
             double most_seconds = 0) {
    model_.emplace("", chat_template_);
    server::SchedulerOptions options;
    options.cache.capacity = 1 << 16;
    options.idle_bytes = 1 << 20;
    options.most_active = 2;
    options.most_waiting = 3;
    const auto open = [this, options](const server::ModelShelf::Opening& opening) {
      ++opened_;
      return std::make_shared<server::ServedModel>(
          opening.name, [&] { return model_->Open(); },
          [&](const chat::TextModel&) {
            server::SchedulerOptions with_growth = options;
            with_growth.on_growth = opening.on_growth;
            return with_growth;
          },
          opening.metrics);
    };
    shelf_.emplace(names_, limits_, open, [this](const std::string&) { return measured_; });
    server_.emplace(*shelf_, server::ServerOptions{.port = 0,
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

  // Patient: whole answers take their time under sanitizers.
  httplib::Client Client() {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(std::chrono::seconds(60));
    return client;
  }
  std::pair<int, nlohmann::json> Post(const char* path, const std::string& body,
                                      const httplib::Headers& headers = {}) {
    const auto result = Client().Post(path, headers, body, "application/json");
    if (!result) return {0, nullptr};
    return {result->status, nlohmann::json::parse(result->body, nullptr, false)};
  }

  // The events of an answer that is streamed, without "[DONE]".
  std::vector<nlohmann::json> Stream(const char* path, const std::string& body) {
    std::vector<nlohmann::json> events;
    const auto result = Client().Post(path, body, "application/json");
    if (!result) return events;
    EXPECT_EQ(result->get_header_value("Content-Type"), "text/event-stream") << result->body;
    std::istringstream lines(result->body);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("data: {")) events.push_back(nlohmann::json::parse(line.substr(6)));
    }
    return events;
  }

  const server::Metrics& metrics() { return shelf_->Get("")->scheduler().metrics(); }

  std::string chat_template_;  // of SmallModel
  std::optional<SmallModel> model_;
  std::vector<std::string> names_ = {"small"};
  server::ShelfLimits limits_ = {.most_open = 2};
  uint64_t measured_ = 1000;  // what every model is taken for before it is open
  std::optional<server::ModelShelf> shelf_;
  std::atomic<int> opened_ = 0;
  std::optional<server::Server> server_;
  std::thread thread_;
};

inline const std::string kHello =
    R"({"messages": [{"role": "user", "content": "the fox"}], "max_tokens": 8,
    "temperature": 0.7, "seed": 3, "ignore_eos": true)";

}  // namespace hlwq::test
