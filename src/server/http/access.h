// Who may speak to the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hlwq::server {

struct AccessOptions {
  std::vector<std::string> api_keys;  // empty: everybody
  std::vector<std::string> origins;   // web pages that may call: "https://chat.example", or "*"
  // Names that a request may call the server by besides those of this machine itself; checked where it
  // listens to this machine only: a web page whose name leads here must not reach it.
  std::vector<std::string> hosts;
  bool checks_host = true;
};

// Whether one of the keys is `given`; takes the same time whatever it is.
bool IsKnownKey(const std::vector<std::string>& keys, std::string_view given) noexcept;

// The key in "Authorization: Bearer KEY" or "x-api-key: KEY"; empty where there is none.
std::string_view KeyOf(std::string_view authorization, std::string_view x_api_key) noexcept;

// Whether `host`, as a Host header has it ("localhost:8080", "[::1]"), names this machine or is listed.
bool IsOwnHost(std::string_view host, const std::vector<std::string>& listed);

// Whether a page of this origin may call; its own pages may. `host` as above.
bool IsAllowedOrigin(std::string_view origin, std::string_view host,
                     const std::vector<std::string>& origins);

}  // namespace hlwq::server
