#include "server/http/connections.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

namespace hlwq::server {
namespace {

int PortOf(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

std::string AddressOf(const sockaddr_storage& address, socklen_t size) {
  char text[NI_MAXHOST] = {};
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, text, sizeof(text), nullptr, 0,
              NI_NUMERICHOST);
  return text;
}

// Calls body(descriptor, peer address, its size) for each connection that came in at `port`.
template <typename Body>
void ForEachConnection(int port, Body body) {
  std::error_code failure;
  std::vector<int> descriptors;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", failure)) {
    const std::string name = entry.path().filename().string();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    descriptors.push_back(descriptor);
  }
  for (const int descriptor : descriptors) {
    sockaddr_storage here{}, peer{};
    socklen_t size = sizeof(here), peer_size = sizeof(peer);
    if (descriptor < 0 ||
        getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0 ||
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&here), &size) != 0) {
      continue;
    }
    if (PortOf(here) == port) body(descriptor, peer, peer_size);
  }
}

}  // namespace

ClientWatch::ClientWatch(int port, const Peer& peer) {
  ForEachConnection(port, [&](int descriptor, const sockaddr_storage& address, socklen_t size) {
    if (PortOf(address) == peer.port && AddressOf(address, size) == peer.address)
      descriptor_ = descriptor;
  });
}

bool ClientWatch::HasGone() const noexcept {
  if (descriptor_ < 0) return false;
  pollfd poll_for = {.fd = descriptor_, .events = POLLRDHUP, .revents = 0};
  return poll(&poll_for, 1, 0) > 0;
}

void ShutDownConnections(int port) {
  ForEachConnection(port, [](int descriptor, const sockaddr_storage&, socklen_t) {
    shutdown(descriptor, SHUT_RDWR);
  });
}

}  // namespace hlwq::server
