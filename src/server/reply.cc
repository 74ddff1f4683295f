#include "server/reply.h"

#include <fmt/format.h>

#include <chrono>
#include <random>

namespace hlwq::server {

std::string LineOf(const nlohmann::ordered_json& document) {
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string EventOf(const std::string& type, const nlohmann::ordered_json& data) {
  return (type.empty() ? "" : "event: " + type + "\n") + "data: " + LineOf(data) + "\n\n";
}

int64_t SecondsNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::string RandomId(const char* prefix) {
  std::random_device device;
  return fmt::format("{}{:08x}{:08x}{:08x}", prefix, device(), device(), device());
}

}  // namespace hlwq::server
