// Writes GGUF files in memory, well-formed or not: what the tests of its readers are fed with.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::test {

// Value types of the format, as numbers: io/gguf_value.h is under test.
enum GgufType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

class GgufBuilder {
 public:
  uint32_t magic = 0x46554747;
  uint32_t version = 3;
  uint64_t alignment = 32;         // of the data; not written as metadata
  int64_t tensor_count_error = 0;  // added to the true counts
  int64_t pair_count_error = 0;

  template <typename T>
  static std::string Bytes(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }
  static std::string Text(std::string_view text) {
    return Bytes<uint64_t>(text.size()) + std::string(text);
  }

  // A pair of any type; `payload` as the file holds it.
  GgufBuilder& Pair(std::string_view key, uint32_t type, std::string_view payload) {
    pairs_ += Text(key) + Bytes(type) + std::string(payload);
    ++pair_count_;
    return *this;
  }
  GgufBuilder& Uint(std::string_view key, uint32_t value) { return Pair(key, kU32, Bytes(value)); }
  GgufBuilder& Float(std::string_view key, float value) { return Pair(key, kF32, Bytes(value)); }
  GgufBuilder& Bool(std::string_view key, bool value) {
    return Pair(key, kBool, Bytes<uint8_t>(value));
  }
  GgufBuilder& String(std::string_view key, std::string_view value) {
    return Pair(key, kString, Text(value));
  }
  GgufBuilder& Strings(std::string_view key, const std::vector<std::string>& values) {
    std::string payload = Bytes<uint32_t>(kString) + Bytes<uint64_t>(values.size());
    for (const std::string& value : values) payload += Text(value);
    return Pair(key, kArray, payload);
  }
  template <typename T>
  GgufBuilder& Numbers(std::string_view key, uint32_t type, const std::vector<T>& values) {
    std::string payload = Bytes(type) + Bytes<uint64_t>(values.size());
    for (const T value : values) payload += Bytes(value);
    return Pair(key, kArray, payload);
  }

  // `axes` innermost first, as the file has them. The data is placed after the previous tensor's.
  GgufBuilder& Tensor(std::string_view name, const std::vector<uint64_t>& axes, uint32_t type,
                      std::string_view data) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment);
    TensorInfo(name, axes, type, data_.size());
    data_ += data;
    return *this;
  }
  // Only the record, with any offset.
  GgufBuilder& TensorInfo(std::string_view name, const std::vector<uint64_t>& axes, uint32_t type,
                          uint64_t offset) {
    tensors_ += Text(name) + Bytes(static_cast<uint32_t>(axes.size()));
    for (const uint64_t axis : axes) tensors_ += Bytes(axis);
    tensors_ += Bytes(type) + Bytes(offset);
    ++tensor_count_;
    return *this;
  }
  GgufBuilder& Data(std::string_view data) {
    data_ += data;
    return *this;
  }

  std::string Header() const {
    return Bytes(magic) + Bytes(version) + Bytes(tensor_count_ + tensor_count_error) +
           Bytes(pair_count_ + pair_count_error) + pairs_ + tensors_;
  }
  std::string File() const {
    std::string file = Header();
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data_;
  }

 private:
  std::string pairs_, tensors_, data_;
  int64_t pair_count_ = 0;
  int64_t tensor_count_ = 0;
};

}  // namespace hlwq::test
