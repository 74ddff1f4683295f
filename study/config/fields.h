// The keys of a JSON object, told once for reading and for writing: both visitors have the same functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_reader.h"

namespace hlwq::study {

template <typename Value, size_t kCount>
using Names = std::array<std::pair<std::string_view, Value>, kCount>;

template <typename Value, size_t kCount>
std::string_view NameOf(Value value, const Names<Value, kCount>& names) noexcept {
  for (const auto& entry : names) {
    if (entry.second == value) return entry.first;
  }
  return {};
}

// Fills what the object has and leaves the rest. Throws Error{kInvalidData} with the full name of a key. Borrows.
class FieldReader {
 public:
  FieldReader(const nlohmann::json& object, std::string path);

  void Size(std::string_view key, size_t& value, SizeRange range);
  void Number(std::string_view key, double& value, NumberRange range);
  void Flag(std::string_view key, bool& value);
  void Text(std::string_view key, std::string& value);
  void Sizes(std::string_view key, std::vector<size_t>& values, SizeRange range);
  void Numbers(std::string_view key, std::vector<double>& values, NumberRange range);
  void Texts(std::string_view key, std::vector<std::string>& values);

  template <typename Value, size_t kCount>
  void Name(std::string_view key, Value& value, const Names<Value, kCount>& names) {
    std::string text(NameOf(value, names));
    Text(key, text);
    std::string known;
    for (const auto& entry : names) {
      if (entry.first == text) {
        value = entry.second;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(entry.first);
    }
    reader_.Fail(key, "want one of " + known + ", got '" + text + "'");
  }

  // Null where the key is absent.
  const nlohmann::json* Child(std::string_view key);
  const nlohmann::json* List(std::string_view key);
  std::string PathOf(std::string_view key) const;

  // Throws for a key that nobody asked for.
  void Finish() const;

 private:
  const nlohmann::json& object_;
  std::string path_;
  JsonReader reader_;
  std::set<std::string, std::less<>> asked_;
};

// Builds the object that FieldReader reads.
class FieldWriter {
 public:
  void Size(std::string_view key, size_t value, SizeRange) { Set(key, value); }
  void Number(std::string_view key, double value, NumberRange) { Set(key, value); }
  void Flag(std::string_view key, bool value) { Set(key, value); }
  void Text(std::string_view key, const std::string& value) { Set(key, value); }
  void Sizes(std::string_view key, const std::vector<size_t>& values, SizeRange) {
    Set(key, values);
  }
  void Numbers(std::string_view key, const std::vector<double>& values, NumberRange) {
    Set(key, values);
  }
  template <typename Value, size_t kCount>
  void Name(std::string_view key, Value value, const Names<Value, kCount>& names) {
    Set(key, std::string(NameOf(value, names)));
  }
  void Texts(std::string_view key, const std::vector<std::string>& values) { Set(key, values); }
  const nlohmann::json& document() const noexcept { return document_; }

 private:
  nlohmann::json document_ = nlohmann::json::object();

  template <typename Value>
  void Set(std::string_view key, const Value& value) {
    document_[std::string(key)] = value;
  }
};

}  // namespace hlwq::study
