#include "base/glob.h"

#include <fmt/format.h>

#include <optional>

#include "base/error.h"

namespace hlwq {
namespace {

// The set that begins at pattern[open] == '['. A `]` in first place is a member.
struct CharacterSet {
  std::string_view members;
  bool is_negated = false;
  size_t end = 0;  // of the set in the pattern, after the `]`

  bool Holds(char c) const noexcept {
    const auto code = static_cast<unsigned char>(c);
    bool is_member = false;
    for (size_t at = 0; at < members.size();) {
      const auto low = static_cast<unsigned char>(members[at]);
      const bool is_range = at + 2 < members.size() && members[at + 1] == '-';
      const auto high = is_range ? static_cast<unsigned char>(members[at + 2]) : low;
      is_member |= low <= code && code <= high;
      at += is_range ? 3 : 1;
    }
    return is_member != is_negated;
  }
};

std::optional<CharacterSet> SetAt(std::string_view pattern, size_t open) noexcept {
  size_t begin = open + 1;
  CharacterSet set;
  if (begin < pattern.size() && pattern[begin] == '!') {
    set.is_negated = true;
    ++begin;
  }
  const size_t close = pattern.find(']', begin + 1);
  if (close == std::string_view::npos) return std::nullopt;
  set.members = pattern.substr(begin, close - begin);
  set.end = close + 1;
  return set;
}

// The end of the one-character element at pattern[at] when it matches c.
std::optional<size_t> MatchOne(std::string_view pattern, size_t at, char c) noexcept {
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] != '[') return pattern[at] == c ? std::optional(at + 1) : std::nullopt;
  const std::optional<CharacterSet> set = SetAt(pattern, at);
  return set && set->Holds(c) ? std::optional(set->end) : std::nullopt;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) noexcept {
  // Only the last star needs to be tried again: an earlier one has matched as little as it can, and
  // giving it more never helps what follows the later one.
  size_t p = 0;
  size_t t = 0;
  std::optional<size_t> after_star;
  size_t retry_at = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      retry_at = t;
      continue;
    }
    const auto next = p < pattern.size() ? MatchOne(pattern, p, text[t]) : std::nullopt;
    if (next) {
      p = *next;
      ++t;
    } else if (after_star) {
      p = *after_star;
      t = ++retry_at;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void CheckGlob(std::string_view pattern) {
  const auto fail = [&](std::string_view why) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("pattern '{}': {}", pattern, why));
  };
  if (pattern.empty()) fail("want at least one character");
  for (size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '[') {
      ++at;
      continue;
    }
    const std::optional<CharacterSet> set = SetAt(pattern, at);
    if (!set) fail("'[' without ']'");
    const std::string_view members = set->members;
    for (size_t member = 0; member + 2 < members.size();) {
      const bool is_range = members[member + 1] == '-';
      if (is_range && static_cast<unsigned char>(members[member]) >
                          static_cast<unsigned char>(members[member + 2])) {
        fail("a range runs backwards");
      }
      member += is_range ? 3 : 1;
    }
    at = set->end;
  }
}

}  // namespace hlwq
