// A small HTTP server for tests: what it answers, and how badly, is up to the test.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hlwq::test {

struct ServedRequest {
  std::string method;
  std::string target;                          // path and query, as sent
  std::map<std::string, std::string> headers;  // names in lower case
};

struct ServedReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Closes the connection after so many bytes of the body, whose length was promised in full.
  std::optional<size_t> cut_after = {};
  // Closes the connection without a word.
  bool is_dropped = false;
  std::chrono::milliseconds pause{0};  // before the body
};

// Listens on a port of 127.0.0.1 while it lives. The handler is called from many threads.
class HttpServer {
 public:
  using Handler = std::function<ServedReply(const ServedRequest&)>;

  explicit HttpServer(Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  std::string url() const;  // "http://127.0.0.1:40123"
  std::vector<ServedRequest> requests() const;

 private:
  void Accept();
  void Serve(int connection);
  bool Answer(int connection, const ServedRequest& request);

  Handler handler_;
  int socket_ = -1;
  int port_ = 0;
  std::atomic<bool> is_ending_ = false;
  mutable std::mutex mutex_;
  std::vector<ServedRequest> requests_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace hlwq::test
