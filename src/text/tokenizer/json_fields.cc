#include "text/tokenizer/json_fields.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/tokenizer/quoted.h"

namespace hlwq::text {

using nlohmann::json;

std::string Shown(const json& value) {
  constexpr size_t kMost = 60;
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  std::string text = value.dump(-1, ' ', true);  // ASCII: may be cut anywhere
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

JsonFields::JsonFields(const json& object, std::string_view where)
    : object_(object), where_(where) {
  if (!object.is_object()) {
    throw Error(ErrorCode::kInvalidData,
                std::string(where) + ": want an object, got " + Shown(object));
  }
  const json* const type = Find("type");
  if (type == nullptr || !type->is_string()) {
    throw Error(ErrorCode::kInvalidData, std::string(where) + ": 'type' is missing");
  }
  type_ = type->get_ref<const std::string&>();
}

std::string JsonFields::Name() const { return std::string(where_) + " " + Quoted(type_); }

const json* JsonFields::Find(std::string_view name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void JsonFields::Fail(std::string_view name, std::string_view complaint) const {
  throw Error(ErrorCode::kInvalidData,
              Name() + ": '" + std::string(name) + "': " + std::string(complaint));
}

void JsonFields::Unsupported(std::string_view what) const {
  const std::string of = what.empty() ? "" : std::string(what) + " of ";
  throw Error(ErrorCode::kUnsupported, of + Name() + " is not supported");
}

const json& JsonFields::Array(std::string_view name) const {
  const json* const value = Find(name);
  if (value == nullptr || !value->is_array()) {
    Fail(name, "want a list, got " + (value == nullptr ? "nothing" : Shown(*value)));
  }
  return *value;
}

const json& JsonFields::Object(std::string_view name) const {
  const json* const value = Find(name);
  if (value == nullptr || !value->is_object()) {
    Fail(name, "want an object, got " + (value == nullptr ? "nothing" : Shown(*value)));
  }
  return *value;
}

std::string JsonFields::String(std::string_view name) const {
  const json* const value = Find(name);
  if (value == nullptr || !value->is_string()) {
    Fail(name, "want a string, got " + (value == nullptr ? "nothing" : Shown(*value)));
  }
  return value->get<std::string>();
}

std::string JsonFields::String(std::string_view name, std::string_view when_absent) const {
  return Find(name) == nullptr ? std::string(when_absent) : String(name);
}

uint64_t JsonFields::Number(std::string_view name, uint64_t max) const {
  const json* const value = Find(name);
  if (value == nullptr || !value->is_number_unsigned() || value->get<uint64_t>() > max) {
    Fail(name, "want an integer in 0.." + std::to_string(max) + ", got " +
                   (value == nullptr ? "nothing" : Shown(*value)));
  }
  return value->get<uint64_t>();
}

bool JsonFields::Flag(std::string_view name, bool when_absent) const {
  const json* const value = Find(name);
  if (value == nullptr) return when_absent;
  if (!value->is_boolean()) Fail(name, "want true or false, got " + Shown(*value));
  return value->get<bool>();
}

}  // namespace hlwq::text
