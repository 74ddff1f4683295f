// Stop strings over text that comes in pieces.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::text {

// The text ends before the stop string that is complete first, wherever the pieces are cut; of
// several that end at the same byte, the longest counts. Cost: linear in the text, for each string.
class StopMatcher {
 public:
  StopMatcher() = default;  // never stops
  // Throws Error{kInvalidArgument} for an empty string.
  explicit StopMatcher(std::vector<std::string> stops);

  // The text that is certain: what may be the beginning of a stop string is held back. Empty once
  // one was found. Pieces of whole UTF-8 sequences give whole UTF-8 sequences.
  std::string Push(std::string_view piece);
  // What was held back. The matcher is then as new.
  std::string Finish();

  bool has_stopped() const noexcept { return found_.has_value(); }
  // Which one was found.
  const std::optional<std::string>& found() const noexcept { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  std::optional<std::string> found_;

  size_t HeldBytes(std::string_view text) const noexcept;
};

}  // namespace hlwq::text
