#include "base/json_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace hlwq {
namespace {

using Json = nlohmann::json;

// "an integer, got 'x'": what there is instead.
std::string Got(const Json* value) {
  return value == nullptr ? "but it is missing" : "got " + Shown(*value);
}

}  // namespace

std::string Shown(const Json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return "an object";
  constexpr size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

JsonReader::JsonReader(const Json& object, Place place)
    : object_(object), place_(std::move(place)) {
  if (object_.is_object()) return;
  const std::string of = place_.path.empty() ? place_.within : fmt::format("'{}'", place_.path);
  throw Error(ErrorCode::kInvalidData, fmt::format("{}{}want an object, got {}", of,
                                                   of.empty() ? "" : ": ", Shown(object_)));
}

std::string JsonReader::Complaint(std::string_view key, std::string_view complaint) const {
  return fmt::format("{}{}'{}{}{}': {}", place_.within, place_.within.empty() ? "" : ": ",
                     place_.path, place_.path.empty() ? "" : ".", key, complaint);
}

void JsonReader::Fail(std::string_view key, std::string_view complaint) const {
  throw Error(ErrorCode::kInvalidData, Complaint(key, complaint));
}

void JsonReader::Refuse(std::string_view key, std::string_view complaint) const {
  throw Error(ErrorCode::kUnsupported, Complaint(key, complaint));
}

const Json* JsonReader::Find(std::string_view key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonReader::IsNull(std::string_view key) const {
  const auto found = object_.find(key);
  return found != object_.end() && found->is_null();
}

const Json* JsonReader::FindList(std::string_view key, uint64_t most) const {
  const Json* value = Find(key);
  if (value != nullptr && (!value->is_array() || value->size() > most)) {
    Fail(key, fmt::format("want a list of at most {}, got {}", most, Shown(*value)));
  }
  return value;
}

uint64_t JsonReader::ToSize(std::string_view key, const Json& value, SizeRange range) const {
  // 1e3 is a float and refused. Values made in code rather than parsed may be signed and positive.
  const bool is_natural =
      value.is_number_integer() && (value.is_number_unsigned() || value.get<int64_t>() >= 0);
  const uint64_t size = is_natural ? value.get<uint64_t>() : 0;
  if (!is_natural || size < range.min || size > range.max) {
    Fail(key, fmt::format("want an integer in {}..{}, got {}", range.min, range.max, Shown(value)));
  }
  return size;
}

uint64_t JsonReader::Size(std::string_view key, SizeRange range) const {
  const std::optional<uint64_t> size = OptionalSize(key, range);
  if (!size) {
    Fail(key, fmt::format("want an integer in {}..{}, but it is missing", range.min, range.max));
  }
  return *size;
}

std::string JsonReader::String(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr || !value->is_string()) Fail(key, "want a string, " + Got(value));
  return value->get<std::string>();
}

const Json& JsonReader::List(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr || !value->is_array()) Fail(key, "want a list, " + Got(value));
  return *value;
}

const Json& JsonReader::Object(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr || !value->is_object()) Fail(key, "want an object, " + Got(value));
  return *value;
}

JsonReader JsonReader::Child(std::string_view key) const {
  return JsonReader(
      Object(key),
      {.within = place_.within,
       .path = place_.path.empty() ? std::string(key) : fmt::format("{}.{}", place_.path, key)});
}

std::optional<uint64_t> JsonReader::OptionalSize(std::string_view key, SizeRange range) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  return ToSize(key, *value, range);
}

std::optional<double> JsonReader::OptionalNumber(std::string_view key, NumberRange range) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : 0;
  if (!value->is_number() || !(number >= range.min && number <= range.max)) {
    Fail(key, fmt::format("want a number in {}..{}, got {}", range.min, range.max, Shown(*value)));
  }
  return number;
}

std::optional<std::string> JsonReader::OptionalString(std::string_view key) const {
  return Has(key) ? std::optional(String(key)) : std::nullopt;
}

bool JsonReader::Flag(std::string_view key, bool when_absent) const {
  const Json* value = Find(key);
  if (value == nullptr) return when_absent;
  if (!value->is_boolean()) Fail(key, "want true or false, " + Got(value));
  return value->get<bool>();
}

std::optional<std::vector<std::string>> JsonReader::OptionalStrings(std::string_view key,
                                                                    uint64_t most) const {
  const Json* list = FindList(key, most);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> strings;
  strings.reserve(list->size());
  for (const Json& item : *list) {
    if (!item.is_string()) Fail(key, "want strings, " + Got(&item));
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

std::optional<std::vector<uint64_t>> JsonReader::OptionalSizes(std::string_view key, uint64_t most,
                                                               SizeRange range) const {
  const Json* list = FindList(key, most);
  if (list == nullptr) return std::nullopt;
  std::vector<uint64_t> sizes;
  sizes.reserve(list->size());
  for (const Json& item : *list) sizes.push_back(ToSize(key, item, range));
  return sizes;
}

void JsonReader::WantFixed(std::string_view key, std::string_view value) const {
  const Json* found = Find(key);
  if (found == nullptr || found->dump() == value) return;
  Refuse(key, fmt::format("want {}, {}", value, Got(found)));
}

}  // namespace hlwq
