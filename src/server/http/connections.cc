#include "server/http/connections.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

namespace hlwq::server {
namespace {

// The port at this end of a connected socket; 0 where `descriptor` is none.
int LocalPort(int descriptor) {
  sockaddr_storage here{}, peer{};
  socklen_t size = sizeof(here), peer_size = sizeof(peer);
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return 0;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&here), &size) != 0) return 0;
  if (here.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(here).sin_port);
  if (here.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(here).sin6_port);
  return 0;
}

}  // namespace

void ShutDownConnections(int port) {
  std::error_code failure;
  std::vector<int> descriptors;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", failure)) {
    const std::string name = entry.path().filename().string();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    descriptors.push_back(descriptor);
  }
  for (const int descriptor : descriptors) {
    if (descriptor >= 0 && LocalPort(descriptor) == port) shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace hlwq::server
