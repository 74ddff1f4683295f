#include "tests/hub/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

namespace hlwq::test {
namespace {

bool SendAll(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

ServedRequest Parse(std::string_view text) {
  ServedRequest request;
  const size_t line_end = text.find("\r\n");
  const std::string line(text.substr(0, line_end));
  const size_t first = line.find(' '), second = line.rfind(' ');
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  for (size_t begin = line_end + 2; begin < text.size();) {
    const size_t end = text.find("\r\n", begin);
    const std::string_view field = text.substr(begin, end - begin);
    if (const size_t colon = field.find(": "); colon != field.npos) {
      std::string name(field.substr(0, colon));
      std::ranges::transform(name, name.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers[name] = field.substr(colon + 2);
    }
    if (end == text.npos) break;
    begin = end + 2;
  }
  return request;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (socket_ < 0 || ::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(socket_, 64) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  is_ending_ = true;
  ::shutdown(socket_, SHUT_RDWR);
  accepting_.join();
  {
    const std::scoped_lock lock(mutex_);
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int connection : connections_) ::close(connection);
  ::close(socket_);
}

std::string HttpServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<ServedRequest> HttpServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void HttpServer::Accept() {
  while (!is_ending_) {
    const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::scoped_lock lock(mutex_);
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { Serve(connection); });
  }
}

void HttpServer::Serve(int connection) {
  std::string text;
  while (!is_ending_) {
    const size_t end = text.find("\r\n\r\n");
    if (end == text.npos) {
      char buffer[4096];
      const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<size_t>(got));
      continue;
    }
    const ServedRequest request = Parse(std::string_view(text).substr(0, end));
    text.erase(0, end + 4);
    if (!Answer(connection, request)) break;
  }
  ::shutdown(connection, SHUT_RDWR);  // closed with the server: its number stays its own
}

bool HttpServer::Answer(int connection, const ServedRequest& request) {
  {
    const std::scoped_lock lock(mutex_);
    requests_.push_back(request);
  }
  const ServedReply reply = handler_(request);
  if (reply.is_dropped) return false;
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Status\r\n";
  bool has_length = false;
  for (const auto& [name, value] : reply.headers) {
    has_length |= name == "Content-Length";
    head += name + ": " + value + "\r\n";
  }
  if (!has_length) head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  if (!SendAll(connection, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  for (std::chrono::milliseconds slept{0}; slept < reply.pause && !is_ending_;) {
    const std::chrono::milliseconds step{20};
    std::this_thread::sleep_for(step);
    slept += step;
  }
  const std::string_view body = reply.body;
  if (reply.cut_after) {
    SendAll(connection, body.substr(0, *reply.cut_after));
    return false;
  }
  return SendAll(connection, body);
}

}  // namespace hlwq::test
