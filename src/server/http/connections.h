// The connections of this process.
#pragma once

#include <string>

namespace hlwq::server {

// The other end of a connection.
struct Peer {
  std::string address;
  int port = 0;
};

// One connection that came in at `port`, as long as its request is being answered. Linux only; elsewhere no client
// ever goes.
class ClientWatch {
 public:
  ClientWatch(int port, const Peer& peer);
  // Whether the client has ended its side: it wants nothing more.
  bool HasGone() const noexcept;

 private:
  int descriptor_ = -1;
};

// Shuts down all that came in at `port`, whoever holds them: reading from them then ends. The HTTP library waits
// for clients that keep a connection for their next request. Linux only; elsewhere without effect.
void ShutDownConnections(int port);

}  // namespace hlwq::server
