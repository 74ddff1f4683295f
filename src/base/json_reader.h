// Typed, bounded access to the values of a JSON object from outside.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq {

struct SizeRange {
  uint64_t min = 0;
  uint64_t max = 0;
};
struct NumberRange {
  double min = 0;
  double max = 0;
};

// A key that is null counts as absent. Every failure is Error{kInvalidData} and one line:
// "'text_config.hidden_size': want an integer in 1..1073741824, got -3". Keys that nobody asks for
// are left alone. Borrows the JSON.
class JsonReader {
 public:
  // Where an object stands, for errors.
  struct Place {
    std::string within = {};  // before the name of the key: "decoder 'Strip'"
    std::string path = {};    // of names: "text_config"; empty for the whole document
  };
  // Throws unless `object` is one.
  explicit JsonReader(const nlohmann::json& object) : JsonReader(object, Place()) {}
  JsonReader(const nlohmann::json& object, Place place);

  const nlohmann::json* Find(std::string_view key) const;  // null when absent or null
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // Of a key whose null says something else than its absence.
  bool IsNull(std::string_view key) const;

  // Throw when the key is absent.
  uint64_t Size(std::string_view key, SizeRange range) const;
  std::string String(std::string_view key) const;
  const nlohmann::json& List(std::string_view key) const;
  const nlohmann::json& Object(std::string_view key) const;
  JsonReader Child(std::string_view key) const;  // an object; its path has `key` in it

  std::optional<uint64_t> OptionalSize(std::string_view key, SizeRange range) const;
  std::optional<double> OptionalNumber(std::string_view key, NumberRange range) const;
  std::optional<std::string> OptionalString(std::string_view key) const;
  bool Flag(std::string_view key, bool when_absent) const;
  // Lists of at most `most` items.
  std::optional<std::vector<std::string>> OptionalStrings(std::string_view key,
                                                          uint64_t most) const;
  std::optional<std::vector<uint64_t>> OptionalSizes(std::string_view key, uint64_t most,
                                                     SizeRange range) const;
  // Throws Error{kUnsupported} unless `key` is absent or `value`, which is JSON text.
  void WantFixed(std::string_view key, std::string_view value) const;

  // Throws with the full name of `key`, e.g. Fail("head_dim", "want ..., got ...").
  [[noreturn]] void Fail(std::string_view key, std::string_view complaint) const;
  // The same as Error{kUnsupported}: `key` is in order, but not what is done here.
  [[noreturn]] void Refuse(std::string_view key, std::string_view complaint) const;

 protected:
  const Place& place() const noexcept { return place_; }

 private:
  const nlohmann::json* FindList(std::string_view key, uint64_t most) const;
  uint64_t ToSize(std::string_view key, const nlohmann::json& value, SizeRange range) const;
  std::string Complaint(std::string_view key, std::string_view complaint) const;

  const nlohmann::json& object_;
  Place place_;
};

// A short form of a value for an error message: errors are one line. ASCII.
std::string Shown(const nlohmann::json& value);

}  // namespace hlwq
