// The fields of one component of a tokenizer.json, with errors that name it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/json_reader.h"

namespace hlwq::text {

// Failures say "decoder 'Strip': 'start': want an integer in 0..1048576, got -1". Borrows the JSON.
class JsonFields : public JsonReader {
 public:
  // `where` is the part of the file ("decoder"). Throws Error{kInvalidData} unless `object` is an
  // object whose "type" is a string.
  JsonFields(const nlohmann::json& object, std::string_view where);

  const std::string& type() const noexcept { return type_; }

  // Error{kUnsupported} naming the component.
  [[noreturn]] void Unsupported(std::string_view what = {}) const;

 private:
  std::string type_;
};

}  // namespace hlwq::text
