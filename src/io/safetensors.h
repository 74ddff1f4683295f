// Safetensors files (docs/format.md, "Safetensors"): a strict header parser for hostile bytes, a
// reader of tensors, a header writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::io {

inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kU8;
  Shape shape;
  uint64_t begin = 0;  // relative to the data section
  uint64_t end = 0;

  uint64_t bytes() const noexcept { return end - begin; }
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in order of `begin`
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  // of the data section in the file: 8 + header length
};

// Parses and checks the JSON header `json` of a file whose data section has `data_bytes` bytes.
// Every rule of the format is enforced: known dtypes, sizes that match shape and dtype without
// overflow, no overlap, no hole, all bytes covered, unique UTF-8 names. Throws Error{kInvalidData}
// with the offending tensor. Cost: linear in the header, plus a sort.
SafetensorsHeader ParseSafetensorsHeader(std::string_view json, uint64_t data_bytes);

// The 8-byte length and JSON header of a file with these entries; `begin`/`end` must be laid out
// already. Padded with spaces so that data starts at a multiple of 64 bytes.
std::string SerializeSafetensorsHeader(std::span<const SafetensorsEntry> entries,
                                       const std::map<std::string, std::string>& metadata);

// An open file with a checked header. Reading is thread-safe.
class SafetensorsFile {
 public:
  // Errors carry the path.
  static SafetensorsFile Open(const std::filesystem::path& path);
  static SafetensorsFile Open(File file);

  const SafetensorsHeader& header() const noexcept { return header_; }
  const File& file() const noexcept { return file_; }
  File TakeFile() && { return std::move(file_); }
  uint64_t header_hash() const noexcept { return header_hash_; }  // XXH3 of length field and JSON

 private:
  File file_;
  SafetensorsHeader header_;
  uint64_t header_hash_ = 0;
};

}  // namespace hlwq::io
