#include "text/stop_matcher.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace hlwq::text {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) {
      throw Error(ErrorCode::kInvalidArgument, "stop string: want some text, got none");
    }
  }
}

// The longest end of `text` that is the beginning of a stop string.
size_t StopMatcher::HeldBytes(std::string_view text) const noexcept {
  size_t held = 0;
  for (const std::string& stop : stops_) {
    for (size_t bytes = std::min(stop.size() - 1, text.size()); bytes > held; --bytes) {
      if (text.ends_with(std::string_view(stop).substr(0, bytes))) held = bytes;
    }
  }
  return held;
}

std::string StopMatcher::Push(std::string_view piece) {
  if (found_) return "";
  std::string text = std::move(held_);
  held_.clear();
  text += piece;
  size_t first_end = std::string::npos, begin = 0;
  for (const std::string& stop : stops_) {
    const size_t at = text.find(stop);
    if (at == std::string::npos) continue;
    const size_t end = at + stop.size();
    if (end < first_end || (end == first_end && at < begin)) {
      first_end = end;
      begin = at;
      found_ = stop;
    }
  }
  if (found_) {
    text.resize(begin);
    return text;
  }
  const size_t certain = text.size() - HeldBytes(text);
  held_ = text.substr(certain);
  text.resize(certain);
  return text;
}

std::string StopMatcher::Finish() {
  found_.reset();
  return std::exchange(held_, {});
}

}  // namespace hlwq::text
