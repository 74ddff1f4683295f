// The fields of one component of a tokenizer.json, with errors that name it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace hlwq::text {

// Borrows the JSON. Failures are Error{kInvalidData}: "decoder 'Strip': 'start': want an integer in
// 0..1048576, got -1".
class JsonFields {
 public:
  // `where` is the part of the file ("decoder"). Throws unless `object` is an object whose "type"
  // is a string.
  JsonFields(const nlohmann::json& object, std::string_view where);

  const std::string& type() const noexcept { return type_; }

  // Throw when the field is absent or of another type.
  const nlohmann::json& Array(std::string_view name) const;
  const nlohmann::json& Object(std::string_view name) const;
  std::string String(std::string_view name) const;
  uint64_t Number(std::string_view name, uint64_t max) const;

  // An absent or null field is `when_absent`.
  bool Flag(std::string_view name, bool when_absent) const;
  std::string String(std::string_view name, std::string_view when_absent) const;

  [[noreturn]] void Fail(std::string_view name, std::string_view complaint) const;
  // Error{kUnsupported} naming the component.
  [[noreturn]] void Unsupported(std::string_view what = {}) const;

 private:
  const nlohmann::json* Find(std::string_view name) const;  // null when absent or null
  std::string Name() const;

  const nlohmann::json& object_;
  std::string_view where_;
  std::string type_;
};

// A short form of `value` for an error message.
std::string Shown(const nlohmann::json& value);

}  // namespace hlwq::text
