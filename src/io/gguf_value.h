// Values of GGUF metadata, and typed access that turns a wrong type into an Error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hlwq::io {

// Numbers are those of the file format.
// clang-format off
enum class GgufValueType : uint32_t {
  kUint8 = 0, kInt8 = 1, kUint16 = 2, kInt16 = 3, kUint32 = 4, kInt32 = 5, kFloat32 = 6,
  kBool = 7, kString = 8, kArray = 9, kUint64 = 10, kInt64 = 11, kFloat64 = 12,
};
// clang-format on

std::string_view GgufValueTypeName(GgufValueType type) noexcept;

// A scalar, or an array of scalars of one type. Integers and floats are widened; `type` (of the
// elements, for an array) keeps what the file said.
struct GgufValue {
  GgufValueType type = GgufValueType::kUint32;
  std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<uint64_t>,
               std::vector<int64_t>, std::vector<double>, std::vector<bool>,
               std::vector<std::string>>
      data;

  // Those that hlwq writes.
  static GgufValue Uint32(uint32_t value) { return {GgufValueType::kUint32, uint64_t{value}}; }
  static GgufValue Float32(float value) { return {GgufValueType::kFloat32, double{value}}; }
  static GgufValue Bool(bool value) { return {GgufValueType::kBool, value}; }
  static GgufValue String(std::string value) { return {GgufValueType::kString, std::move(value)}; }
  static GgufValue Strings(std::vector<std::string> values) {
    return {GgufValueType::kString, std::move(values)};
  }
  static GgufValue Int32s(std::vector<int64_t> values) {
    return {GgufValueType::kInt32, std::move(values)};
  }
  static GgufValue Float32s(std::vector<double> values) {
    return {GgufValueType::kFloat32, std::move(values)};
  }

  bool operator==(const GgufValue&) const = default;
  bool is_array() const noexcept { return data.index() >= 5; }
  // "string", "array of int32", for messages.
  std::string TypeName() const;
};

// The key-value pairs of one file. Each getter gives nothing for an absent key and throws
// Error{kInvalidData} naming the key, the type wanted and the type found for a wrong one. Immutable
// once parsed. Pointers stay valid as long as the object.
class GgufMetadata {
 public:
  // False when the key is there already.
  bool Add(std::string key, GgufValue value);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const GgufValue* Find(std::string_view key) const;
  size_t size() const noexcept { return values_.size(); }
  const std::map<std::string, GgufValue, std::less<>>& values() const noexcept { return values_; }

  // Any integer type, not negative.
  std::optional<uint64_t> Uint(std::string_view key) const;
  // A float or integer of any width.
  std::optional<double> Number(std::string_view key) const;
  std::optional<bool> Bool(std::string_view key) const;
  const std::string* String(std::string_view key) const;
  const std::vector<std::string>* Strings(std::string_view key) const;
  // Array of integers of any type.
  std::optional<std::vector<int64_t>> Integers(std::string_view key) const;
  // Array of numbers of any type.
  std::optional<std::vector<double>> Numbers(std::string_view key) const;

 private:
  std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace hlwq::io
