// Tags in text that comes in pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hlwq::server {

inline constexpr std::string_view kBlanks = " \t\r\n";

// Around calls of tools, and in those of Qwen3-Coder and Qwen3.5.
inline constexpr std::string_view kCallOpen = "<tool_call>", kCallClose = "</tool_call>";
inline constexpr std::string_view kFunctionOpen = "<function=", kFunctionClose = "</function>";
inline constexpr std::string_view kParameterOpen = "<parameter=", kParameterClose = "</parameter>";

// How many characters at the end of `text` may be the beginning of `tag`.
inline size_t PartialTag(std::string_view text, std::string_view tag) noexcept {
  for (size_t length = std::min(text.size(), tag.size() - 1); length > 0; --length) {
    if (text.ends_with(tag.substr(0, length))) return length;
  }
  return 0;
}

// Without the blanks around it.
inline std::string_view Trimmed(std::string_view text) noexcept {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace hlwq::server
