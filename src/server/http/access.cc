#include "server/http/access.h"

#include <algorithm>
#include <cctype>

namespace hlwq::server {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

// Without the port.
std::string_view NameOf(std::string_view host) noexcept {
  const size_t from = host.starts_with('[') ? host.find(']') : 0;
  const size_t colon = from == host.npos ? host.npos : host.find(':', from);
  return host.substr(0, colon);
}

bool IsEqualInConstantTime(std::string_view a, std::string_view b) noexcept {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < b.size(); ++i) {
    const unsigned char left = i < a.size() ? static_cast<unsigned char>(a[i]) : 0;
    difference |= left ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

bool IsKnownKey(const std::vector<std::string>& keys, std::string_view given) noexcept {
  bool is_known = false;
  for (const std::string& key : keys) is_known |= IsEqualInConstantTime(key, given);
  return is_known;
}

std::string_view KeyOf(std::string_view authorization, std::string_view x_api_key) noexcept {
  constexpr std::string_view kBearer = "bearer ";
  if (Lower(authorization.substr(0, kBearer.size())) == kBearer) {
    return authorization.substr(kBearer.size());
  }
  return x_api_key;
}

bool IsOwnHost(std::string_view host, const std::vector<std::string>& listed) {
  const std::string name = Lower(NameOf(host));
  if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return true;
  return std::ranges::any_of(listed,
                             [&](const std::string& other) { return Lower(other) == name; });
}

bool IsAllowedOrigin(std::string_view origin, std::string_view host,
                     const std::vector<std::string>& origins) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme) && Lower(origin.substr(scheme.size())) == Lower(host))
      return true;
  }
  return std::ranges::any_of(origins, [&](const std::string& allowed) {
    return allowed == "*" || Lower(allowed) == Lower(origin);
  });
}

}  // namespace hlwq::server
