// Fields of a JSON request, with errors that a client understands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hlwq::server {

// What the client sent cannot be done, mostly since it makes no sense: a status with this message about this field.
struct BadRequest {
  std::string message;
  std::string param = {};
  std::string code = "invalid_value";
  int status = 400;
};

// Typed access to an object. Fields that are absent or null are empty; all throw BadRequest naming the
// field, what it wants and what it got.
class Fields {
 public:
  // Throws BadRequest for a value that is no object. Borrows it.
  explicit Fields(const nlohmann::ordered_json& object);

  // Null where it is absent.
  const nlohmann::ordered_json* Find(const char* name) const;
  std::optional<double> Number(const char* name, double least, double most) const;
  std::optional<uint64_t> Whole(const char* name, uint64_t least, uint64_t most) const;
  bool Switch(const char* name, bool otherwise) const;
  std::optional<std::string> Text(const char* name) const;
  // A text or a list of texts.
  std::vector<std::string> Texts(const char* name, size_t most) const;

 private:
  const nlohmann::ordered_json& object_;
};

// "an object", "a string of 12 characters", "7": what a message shows of a value.
std::string ShortOf(const nlohmann::ordered_json& value);

// Whose content it is, where that matters: what a tool gives back and is no text is left out with a word to the model,
// which asked for it, or else the conversation could not go on; what anyone else sends and cannot be read is refused.
enum class Speaker : uint8_t { kAnyone, kTool };

// That word, of a part of this type.
std::string LeftOut(const std::string& part_type);

}  // namespace hlwq::server
