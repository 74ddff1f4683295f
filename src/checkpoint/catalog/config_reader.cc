#include "checkpoint/catalog/config_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

using Json = nlohmann::json;

// Short whatever the value is: errors are one line.
std::string Describe(const Json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return "an object";
  constexpr size_t kLongest = 40;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace

ConfigReader::ConfigReader(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object_.is_object()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'{}': want an object, got {}", path_.empty() ? "config" : path_,
                            Describe(object_)));
  }
}

std::string ConfigReader::Complaint(std::string_view key, std::string_view complaint) const {
  return fmt::format("'{}{}{}': {}", path_, path_.empty() ? "" : ".", key, complaint);
}

void ConfigReader::Fail(std::string_view key, std::string_view complaint) const {
  throw Error(ErrorCode::kInvalidData, Complaint(key, complaint));
}

void ConfigReader::Refuse(std::string_view key, std::string_view complaint) const {
  throw Error(ErrorCode::kUnsupported, Complaint(key, complaint));
}

bool ConfigReader::IsEmpty() const { return object_.empty(); }

bool ConfigReader::IsNull(std::string_view key) const {
  const auto found = object_.find(key);
  return found != object_.end() && found->is_null();
}

const Json* ConfigReader::Find(std::string_view key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const Json* ConfigReader::FindList(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array() || value->size() > kMaxLayers) {
    Fail(key, fmt::format("want a list of at most {}, got {}", kMaxLayers, Describe(*value)));
  }
  return value;
}

uint64_t ConfigReader::ToSize(std::string_view key, const Json& value, SizeRange range) const {
  // 1e3 is a float and refused. Values made in code rather than parsed may be signed and positive.
  const bool is_natural =
      value.is_number_integer() && (value.is_number_unsigned() || value.get<int64_t>() >= 0);
  const uint64_t size = is_natural ? value.get<uint64_t>() : 0;
  if (!is_natural || size < range.min || size > range.max) {
    Fail(key,
         fmt::format("want an integer in {}..{}, got {}", range.min, range.max, Describe(value)));
  }
  return size;
}

std::optional<uint64_t> ConfigReader::OptionalSize(std::string_view key, SizeRange range) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  return ToSize(key, *value, range);
}

std::optional<double> ConfigReader::OptionalNumber(std::string_view key, NumberRange range) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : 0;
  if (!value->is_number() || !(number >= range.min && number <= range.max)) {
    Fail(key,
         fmt::format("want a number in {}..{}, got {}", range.min, range.max, Describe(*value)));
  }
  return number;
}

uint64_t ConfigReader::Size(std::string_view key, SizeRange range) const {
  const std::optional<uint64_t> size = OptionalSize(key, range);
  if (!size) {
    Fail(key, fmt::format("want an integer in {}..{}, but it is missing", range.min, range.max));
  }
  return *size;
}

bool ConfigReader::Flag(std::string_view key, bool when_absent) const {
  const Json* value = Find(key);
  if (value == nullptr) return when_absent;
  if (!value->is_boolean()) {
    Fail(key, fmt::format("want true or false, got {}", Describe(*value)));
  }
  return value->get<bool>();
}

std::optional<std::string> ConfigReader::OptionalString(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) Fail(key, fmt::format("want a string, got {}", Describe(*value)));
  return value->get<std::string>();
}

std::optional<std::vector<std::string>> ConfigReader::OptionalStrings(std::string_view key) const {
  const Json* list = FindList(key);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> strings;
  strings.reserve(list->size());
  for (const Json& item : *list) {
    if (!item.is_string()) Fail(key, fmt::format("want strings, got {}", Describe(item)));
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

std::optional<std::vector<uint64_t>> ConfigReader::OptionalSizes(std::string_view key,
                                                                 SizeRange range) const {
  const Json* list = FindList(key);
  if (list == nullptr) return std::nullopt;
  std::vector<uint64_t> sizes;
  sizes.reserve(list->size());
  for (const Json& item : *list) sizes.push_back(ToSize(key, item, range));
  return sizes;
}

void ConfigReader::WantFixed(std::string_view key, std::string_view value) const {
  const Json* found = Find(key);
  if (found == nullptr || found->dump() == value) return;
  Refuse(key, fmt::format("want {}, got {}", value, Describe(*found)));
}

ConfigReader ConfigReader::Child(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) Fail(key, "want an object, but it is missing");
  return ConfigReader(*value, path_.empty() ? std::string(key) : path_ + "." + std::string(key));
}

}  // namespace hlwq::checkpoint
