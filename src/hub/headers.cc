#include "hub/headers.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace hlwq::hub {
namespace {

bool IsHex(std::string_view text, size_t digits) noexcept {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

std::string_view Trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

void Headers::AddLine(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  if (line.size() > kMaxBytes - bytes_) return;
  std::string name(Trimmed(line.substr(0, colon)));
  const auto lower = [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  };
  std::ranges::transform(name, name.begin(), lower);
  values_[std::move(name)] = std::string(Trimmed(line.substr(colon + 1)));
  bytes_ += line.size();
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  if (value > uint64_t{std::numeric_limits<int64_t>::max()}) return std::nullopt;
  return value;
}

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-'), slash = text.find('/');
  if (dash == text.npos || slash == text.npos || dash > slash) return std::nullopt;
  const auto first = ParseSize(text.substr(0, dash));
  const auto last = ParseSize(text.substr(dash + 1, slash - dash - 1));
  const auto total = ParseSize(text.substr(slash + 1));
  if (!first || !last || !total || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text,
                                                    std::chrono::system_clock::time_point now) {
  constexpr uint64_t kMost = 1'000'000'000;
  if (const auto seconds = ParseSize(text)) {
    return std::chrono::seconds(std::min(*seconds, kMost));
  }
  const time_t date = curl_getdate(std::string(text).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const time_t wait = date - std::chrono::system_clock::to_time_t(now);
  return std::chrono::seconds(std::clamp<time_t>(wait, 0, kMost));
}

std::optional<std::string> ParseEtag(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty() || text.size() > 128 || text.front() == '.') return std::nullopt;
  if (text.find_first_not_of(kAllowed) != text.npos) return std::nullopt;
  return std::string(text);
}

bool IsSha256(std::string_view text) noexcept { return IsHex(text, 64); }
bool IsCommit(std::string_view text) noexcept { return IsHex(text, 40); }

}  // namespace hlwq::hub
