#include "server/element_arguments.h"

#include <algorithm>
#include <cstddef>

#include "server/reply.h"
#include "server/tags.h"
#include "server/tool_call_text.h"
#include "server/tool_schemas.h"

namespace hlwq::server {
namespace {

// As it stands between the quotes of a JSON string.
std::string Escaped(std::string_view text) {
  const std::string quoted = LineOf(std::string(text));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

void ElementArguments::PutKey(std::string& json) {
  json += (has_any_ ? ",\"" : "{\"") + Escaped(key_) + "\":";
  has_any_ = true;
}

Reading ElementArguments::TakeTag(std::string& held, std::string& json, bool& has_ended) {
  held.erase(0, std::min(held.find_first_not_of(kBlanks), held.size()));
  if (held.starts_with(kFunctionClose)) {
    held.erase(0, kFunctionClose.size());
    json += has_any_ ? "}" : "{}";
    has_ended = true;
    return Reading::kWhole;
  }
  if (!held.starts_with(kParameterOpen)) {
    const bool may_be_tag = kParameterOpen.starts_with(held) || kFunctionClose.starts_with(held);
    return may_be_tag ? Reading::kOpen : Reading::kBroken;
  }
  const size_t end = held.find('>');
  if (end == held.npos) return Reading::kOpen;
  key_ = Trimmed(std::string_view(held).substr(0, end).substr(kParameterOpen.size()));
  type_ = ParameterType(tools_, function_, key_);
  held.erase(0, end + 1);
  if (type_ == "string") {
    PutKey(json);
    json += '"';
  }
  place_ = Place::kBeforeValue;
  return Reading::kWhole;
}

Reading ElementArguments::TakeValue(std::string& held, std::string& json) {
  const bool is_text = type_ == "string";
  const size_t close = held.find(kParameterClose);
  if (close == held.npos) {
    if (!is_text) return Reading::kOpen;
    // The line break before the end belongs to neither.
    const size_t uncertain = std::max(PartialTag(held, "\n" + std::string(kParameterClose)),
                                      PartialTag(held, kParameterClose));
    const size_t certain = held.size() - uncertain;
    json += Escaped(std::string_view(held).substr(0, certain));
    held.erase(0, certain);
    return Reading::kOpen;
  }
  std::string_view value = std::string_view(held).substr(0, close);
  if (value.ends_with('\n')) value.remove_suffix(1);
  if (is_text) {
    json += Escaped(value) + '"';
  } else {
    PutKey(json);
    json += LineOf(ParameterValue(value, type_));
  }
  held.erase(0, close + kParameterClose.size());
  place_ = Place::kBetween;
  return Reading::kWhole;
}

Reading ElementArguments::Push(std::string& held, std::string& json) {
  Reading reading = Reading::kWhole;
  bool has_ended = false;
  while (reading == Reading::kWhole && !has_ended) {
    switch (place_) {
      case Place::kBetween:
        reading = TakeTag(held, json, has_ended);
        break;
      case Place::kBeforeValue:
        if (held.empty()) return Reading::kOpen;
        if (held.starts_with('\n')) held.erase(0, 1);
        place_ = Place::kInValue;
        break;
      case Place::kInValue:
        reading = TakeValue(held, json);
        break;
    }
  }
  return reading;
}

}  // namespace hlwq::server
