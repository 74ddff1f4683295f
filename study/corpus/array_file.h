// Named arrays in a safetensors file: caches of tokens and checkpoints of training.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "io/safetensors.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::study {

struct NamedArray {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  std::span<const std::byte> bytes;  // borrowed
};

// Under its name only when it is whole and on the device. Throws Error{kIo} (a full disk) naming the path; what
// was there before is then still there.
void WriteArrays(const std::filesystem::path& path, const std::vector<NamedArray>& arrays,
                 const std::map<std::string, std::string>& metadata);

// Mapped.
class ArrayFile {
 public:
  // Throws as io::SafetensorsFile.
  explicit ArrayFile(const std::filesystem::path& path);

  const std::map<std::string, std::string>& metadata() const noexcept { return header_.metadata; }
  // Throws Error{kInvalidData} naming the file and the key.
  const std::string& Metadata(const std::string& key) const;
  bool Has(std::string_view name) const noexcept;
  const std::vector<io::SafetensorsEntry>& entries() const noexcept { return header_.entries; }
  // Throws Error{kInvalidData} where there is none of this name and dtype. Not aligned.
  std::span<const std::byte> Bytes(std::string_view name, DType dtype) const;
  const Shape& ShapeOf(std::string_view name) const;
  // A copy.
  template <typename Value>
  std::vector<Value> Values(std::string_view name, DType dtype) const {
    const auto bytes = Bytes(name, dtype);
    std::vector<Value> values(bytes.size() / sizeof(Value));
    if (!values.empty()) CopyBytes(bytes, std::as_writable_bytes(std::span(values)));
    return values;
  }

 private:
  std::filesystem::path path_;
  io::SafetensorsHeader header_;
  MappedFile map_;

  const io::SafetensorsEntry* Find(std::string_view name) const noexcept;
  static void CopyBytes(std::span<const std::byte> from, std::span<std::byte> to) noexcept;
};

}  // namespace hlwq::study
