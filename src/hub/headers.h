// The header fields of an HTTP reply, and what hub reads from some of them. All of it comes from
// outside: nothing here throws, what makes no sense is absent.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hlwq::hub {

// Names are compared without case; of a field that occurs several times the last one counts.
class Headers {
 public:
  // "Name: value" with or without its line end; other lines are dropped, and so is what comes after
  // kMaxBytes in all.
  void AddLine(std::string_view line);
  // The value without blanks around it. `name` in lower case.
  std::optional<std::string_view> Find(std::string_view name) const;

  static constexpr size_t kMaxBytes = 256u << 10;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  size_t bytes_ = 0;
};

// Without blanks and line ends around it.
std::string_view Trimmed(std::string_view text) noexcept;

// Decimal digits alone, below 2^63.
std::optional<uint64_t> ParseSize(std::string_view text);

// "bytes 0-99/1234".
struct ContentRange {
  uint64_t first = 0;
  uint64_t last = 0;  // the last byte itself; at least `first`, below `total`
  uint64_t total = 0;
};
std::optional<ContentRange> ParseContentRange(std::string_view text);

// Seconds, or a date; not below 0.
std::optional<std::chrono::seconds> ParseRetryAfter(std::string_view text,
                                                    std::chrono::system_clock::time_point now);

// An ETag without W/ and quotes, where it can be the name of a file as well: up to 128 letters,
// digits, '-', '_' and '.', not beginning with '.'.
std::optional<std::string> ParseEtag(std::string_view text);

// 64 hexadecimal digits of a SHA-256, in lower case.
bool IsSha256(std::string_view text) noexcept;
// 40 hexadecimal digits of a commit, in lower case.
bool IsCommit(std::string_view text) noexcept;

}  // namespace hlwq::hub
