#include "server/json_arguments.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/tags.h"

namespace hlwq::server {
namespace {

constexpr size_t kMostOpen = 64;  // as base/json.h has it

// The unit of an escape "\uXXXX"; 0 of any other.
uint32_t UnitOf(std::string_view escape) noexcept {
  uint32_t unit = 0;
  if (escape.size() == 6) std::from_chars(escape.data() + 2, escape.data() + 6, unit, 16);
  return unit;
}

bool IsHighHalf(uint32_t unit) noexcept { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowHalf(uint32_t unit) noexcept { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

// A half that found no other.
void JsonArguments::PutHighHalf(std::string& json) {
  if (!high_half_.empty()) json += "\\ufffd";
  high_half_.clear();
}

void JsonArguments::PutEscape(std::string& json) {
  const uint32_t unit = UnitOf(escape_);
  if (IsLowHalf(unit) && !high_half_.empty()) {
    json += high_half_ + escape_;
    high_half_.clear();
  } else {
    PutHighHalf(json);
    if (IsHighHalf(unit)) {
      high_half_ = escape_;
    } else {
      json += IsLowHalf(unit) ? "\\ufffd" : escape_;
    }
  }
  escape_.clear();
}

void JsonArguments::PutInString(char character, std::string& json) {
  if (escape_.empty() && character != '\\') {
    PutHighHalf(json);
    json += character;
    is_in_string_ = character != '"';
    return;
  }
  escape_ += character;
  const size_t wanted = escape_.size() > 1 && escape_[1] == 'u' ? 6 : 2;
  if (escape_.size() == wanted) PutEscape(json);
}

Reading JsonArguments::PutOutside(char character, std::string& json) {
  if (kBlanks.find(character) != kBlanks.npos) return Reading::kOpen;
  if (open_.empty() && character != '{') return Reading::kBroken;
  if (character == '{' || character == '[') {
    if (open_.size() == kMostOpen) return Reading::kBroken;
    open_ += character;
  } else if (character == '}' || character == ']') {
    if (open_.back() != (character == '}' ? '{' : '[')) return Reading::kBroken;
    open_.pop_back();
  }
  is_in_string_ = character == '"';
  json += character;
  return open_.empty() ? Reading::kWhole : Reading::kOpen;
}

Reading JsonArguments::Push(std::string& held, std::string& json) {
  Reading reading = Reading::kOpen;
  size_t taken = 0;
  while (taken < held.size() && reading == Reading::kOpen) {
    const char character = held[taken];
    if (is_in_string_) {
      PutInString(character, json);
    } else {
      reading = PutOutside(character, json);
    }
    if (reading != Reading::kBroken) ++taken;
  }
  held.erase(0, taken);
  return reading;
}

}  // namespace hlwq::server
