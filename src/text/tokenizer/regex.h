// Regular expressions on UTF-8, compiled once, matched with limits.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hlwq::text {

// Begin and end of a part of a text, in bytes.
struct Range {
  size_t begin = 0;
  size_t end = 0;
};

// What a match works in; any number of expressions can share one, on one thread at a time.
class MatchScratch {
 public:
  MatchScratch();
  MatchScratch(MatchScratch&&) noexcept;
  MatchScratch& operator=(MatchScratch&&) noexcept;
  ~MatchScratch();

 private:
  friend class Regex;
  struct Impl;
  std::unique_ptr<Impl> impl_;  // made by the first match
};

// Immutable once made. Thread: safe, each with its own MatchScratch.
class Regex {
 public:
  // `pattern` as tokenizer.json has it (Oniguruma). Throws Error{kUnsupported} where it does not
  // compile, Error{kInvalidData} where a bracket is open.
  explicit Regex(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // The first match that begins at or after `start`; what is before `start` is seen by
  // look-behinds. `text` must be valid UTF-8. Throws Error{kInvalidData} when the expression needs
  // more steps on this text than any sensible one does.
  std::optional<Range> Find(std::string_view text, size_t start, MatchScratch& scratch) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace hlwq::text
