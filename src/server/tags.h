// Tags in text that comes in pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hlwq::server {

inline constexpr std::string_view kBlanks = " \t\r\n";

// How many characters at the end of `text` may be the beginning of `tag`.
inline size_t PartialTag(std::string_view text, std::string_view tag) noexcept {
  for (size_t length = std::min(text.size(), tag.size() - 1); length > 0; --length) {
    if (text.ends_with(tag.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace hlwq::server
