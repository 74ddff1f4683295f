// The HTTP server: requests in, what the scheduler makes of them out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "server/http/access.h"
#include "server/model_shelf.h"

namespace hlwq::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  // 0: any that is free
  AccessOptions access;
  size_t most_body_bytes = 32u << 20;
  double most_seconds = 0;        // of an answer; 0: any
  size_t most_connections = 256;  // at the same time; others wait
};

// Serves the OpenAI API (docs/server.md). Run blocks; Stop may come from any thread.
class Server {
 public:
  // Borrows the models. Binds, and throws Error{kIo} where the address cannot be had.
  Server(ModelShelf& models, ServerOptions options);
  ~Server();

  int port() const noexcept;
  void Run();
  // New requests get 503 from now on. Returns when the answers under way are sent; then Run does.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq::server
