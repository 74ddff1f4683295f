#include "server/openai/fields.h"

#include <fmt/format.h>

namespace hlwq::server {

using nlohmann::ordered_json;

std::string ShortOf(const ordered_json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_string()) {
    return fmt::format("a string of {} bytes", value.get_ref<const std::string&>().size());
  }
  return value.dump();
}

std::string LeftOut(const std::string& part_type) {
  return fmt::format("[{} left out: this model reads text only]", part_type.substr(0, 40));
}

Fields::Fields(const ordered_json& object) : object_(object) {
  if (!object.is_object()) {
    throw BadRequest{"want a JSON object, got " + ShortOf(object), "", "invalid_type"};
  }
}

const ordered_json* Fields::Find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<double> Fields::Number(const char* name, double least, double most) const {
  const ordered_json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : most;
  if (!value->is_number() || !(number >= least && number <= most)) {
    throw BadRequest{fmt::format("'{}': want a number from {} to {}, got {}", name, least, most,
                                 ShortOf(*value)),
                     name};
  }
  return number;
}

std::optional<uint64_t> Fields::Whole(const char* name, uint64_t least, uint64_t most) const {
  const ordered_json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  // Clients write 5.0 as well.
  const double number = value->is_number() ? value->get<double>() : -1;
  const bool is_whole = number >= 0 && number < 0x1p53 &&
                        number == static_cast<double>(static_cast<uint64_t>(number));
  const uint64_t whole = is_whole ? static_cast<uint64_t>(number) : 0;
  if (!is_whole || whole < least || whole > most) {
    throw BadRequest{fmt::format("'{}': want a whole number from {} to {}, got {}", name, least,
                                 most, ShortOf(*value)),
                     name};
  }
  return whole;
}

bool Fields::Switch(const char* name, bool otherwise) const {
  const ordered_json* value = Find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) {
    throw BadRequest{fmt::format("'{}': want true or false, got {}", name, ShortOf(*value)), name,
                     "invalid_type"};
  }
  return value->get<bool>();
}

std::optional<std::string> Fields::Text(const char* name) const {
  const ordered_json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    throw BadRequest{fmt::format("'{}': want a string, got {}", name, ShortOf(*value)), name,
                     "invalid_type"};
  }
  return value->get<std::string>();
}

std::vector<std::string> Fields::Texts(const char* name, size_t most) const {
  const ordered_json* value = Find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return {value->get<std::string>()};
  std::vector<std::string> texts;
  if (value->is_array() && value->size() <= most) {
    for (const ordered_json& text : *value) {
      if (!text.is_string()) break;
      texts.push_back(text.get<std::string>());
    }
    if (texts.size() == value->size()) return texts;
  }
  throw BadRequest{fmt::format("'{}': want a string or a list of at most {} strings, got {}", name,
                               most, ShortOf(*value)),
                   name};
}

}  // namespace hlwq::server
