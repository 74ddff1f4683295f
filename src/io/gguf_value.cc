#include "io/gguf_value.h"

#include <fmt/core.h>

#include <array>
#include <limits>
#include <utility>

#include "base/error.h"

namespace hlwq::io {
namespace {

constexpr std::array<std::string_view, 13> kTypeNames = {
    "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
    "bool",  "string", "array",  "uint64", "int64",  "float64"};

[[noreturn]] void ThrowWrongType(std::string_view key, std::string_view want,
                                 const GgufValue& value) {
  throw Error(ErrorCode::kInvalidData,
              fmt::format("metadata '{}': want {}, got {}", key, want, value.TypeName()));
}

}  // namespace

std::string_view GgufValueTypeName(GgufValueType type) noexcept {
  return kTypeNames[static_cast<size_t>(type)];
}

std::string GgufValue::TypeName() const {
  const std::string name(GgufValueTypeName(type));
  return is_array() ? "array of " + name : name;
}

bool GgufMetadata::Add(std::string key, GgufValue value) {
  return values_.emplace(std::move(key), std::move(value)).second;
}

const GgufValue* GgufMetadata::Find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<uint64_t> GgufMetadata::Uint(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<uint64_t>(&value->data)) return *number;
  if (const auto* number = std::get_if<int64_t>(&value->data)) {
    if (*number >= 0) return static_cast<uint64_t>(*number);
    throw Error(ErrorCode::kInvalidData,
                fmt::format("metadata '{}': want a number >= 0, got {}", key, *number));
  }
  ThrowWrongType(key, "an integer", *value);
}

std::optional<double> GgufMetadata::Number(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(&value->data)) return *number;
  if (const auto* number = std::get_if<uint64_t>(&value->data)) {
    return static_cast<double>(*number);
  }
  if (const auto* number = std::get_if<int64_t>(&value->data)) return static_cast<double>(*number);
  ThrowWrongType(key, "a number", *value);
}

std::optional<bool> GgufMetadata::Bool(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(&value->data)) return *flag;
  ThrowWrongType(key, "bool", *value);
}

const std::string* GgufMetadata::String(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* text = std::get_if<std::string>(&value->data)) return text;
  ThrowWrongType(key, "string", *value);
}

const std::vector<std::string>* GgufMetadata::Strings(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value->data)) return texts;
  ThrowWrongType(key, "array of string", *value);
}

std::optional<std::vector<int64_t>> GgufMetadata::Integers(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&value->data)) return *numbers;
  if (const auto* numbers = std::get_if<std::vector<uint64_t>>(&value->data)) {
    std::vector<int64_t> out;
    out.reserve(numbers->size());
    for (const uint64_t number : *numbers) {
      if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("metadata '{}': {} is too large", key, number));
      }
      out.push_back(static_cast<int64_t>(number));
    }
    return out;
  }
  ThrowWrongType(key, "array of integers", *value);
}

std::optional<std::vector<double>> GgufMetadata::Numbers(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* numbers = std::get_if<std::vector<double>>(&value->data)) return *numbers;
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&value->data)) {
    return std::vector<double>(numbers->begin(), numbers->end());
  }
  if (const auto* numbers = std::get_if<std::vector<uint64_t>>(&value->data)) {
    return std::vector<double>(numbers->begin(), numbers->end());
  }
  ThrowWrongType(key, "array of numbers", *value);
}

}  // namespace hlwq::io
