#include "text/tokenizer/json_fields.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/tokenizer/quoted.h"

namespace hlwq::text {
namespace {

std::string TypeOf(const nlohmann::json& object, std::string_view where) {
  return JsonReader(object, {.within = std::string(where)}).String("type");
}

}  // namespace

JsonFields::JsonFields(const nlohmann::json& object, std::string_view where)
    : JsonReader(object, {.within = std::string(where) + " " + Quoted(TypeOf(object, where))}),
      type_(String("type")) {}

void JsonFields::Unsupported(std::string_view what) const {
  const std::string of = what.empty() ? "" : std::string(what) + " of ";
  throw Error(ErrorCode::kUnsupported, of + place().within + " is not supported");
}

}  // namespace hlwq::text
