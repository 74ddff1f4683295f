// Typed, bounded access to the values of a config.json.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::checkpoint {

struct SizeRange {
  uint64_t min = 0;
  uint64_t max = 0;
};
struct NumberRange {
  double min = 0;
  double max = 0;
};

// One object of a config. A key that is null counts as absent. Every failure is
// Error{kInvalidData}: "'text_config.hidden_size': want an integer in 1..1073741824, got -3".
// Borrows the JSON.
class ConfigReader {
 public:
  // `path` names the object in errors; empty for the whole document.
  ConfigReader(const nlohmann::json& object, std::string path);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  bool IsEmpty() const;  // an object without keys
  // Of a key whose null says something else than its absence.
  bool IsNull(std::string_view key) const;
  uint64_t Size(std::string_view key, SizeRange range) const;  // throws when absent
  std::optional<uint64_t> OptionalSize(std::string_view key, SizeRange range) const;
  std::optional<double> OptionalNumber(std::string_view key, NumberRange range) const;
  bool Flag(std::string_view key, bool when_absent) const;
  std::optional<std::string> OptionalString(std::string_view key) const;
  // Lists of at most kMaxLayers items.
  std::optional<std::vector<std::string>> OptionalStrings(std::string_view key) const;
  std::optional<std::vector<uint64_t>> OptionalSizes(std::string_view key, SizeRange range) const;
  // Throws Error{kUnsupported} unless `key` is absent or `value`, which is JSON text.
  void WantFixed(std::string_view key, std::string_view value) const;
  ConfigReader Child(std::string_view key) const;  // throws when absent or not an object

  // Throws with the full name of `key`, e.g. Fail("head_dim", "want ..., got ...").
  [[noreturn]] void Fail(std::string_view key, std::string_view complaint) const;
  // The same as Error{kUnsupported}: `key` is in order, but not what is done here.
  [[noreturn]] void Refuse(std::string_view key, std::string_view complaint) const;

 private:
  std::string Complaint(std::string_view key, std::string_view complaint) const;
  const nlohmann::json* Find(std::string_view key) const;  // null when absent or null
  const nlohmann::json* FindList(std::string_view key) const;
  uint64_t ToSize(std::string_view key, const nlohmann::json& value, SizeRange range) const;

  const nlohmann::json& object_;
  std::string path_;
};

}  // namespace hlwq::checkpoint
